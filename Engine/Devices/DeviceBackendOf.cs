using GpuCnn.Engine.Plans;

namespace GpuCnn.Engine.Devices;

/// <summary>
/// Keeps the functions of launches and owns the arena. A function runs once to record its step, and again, when the arena exists, to make
/// the step's kernels.
/// </summary>
/// <typeparam name="TLaunch">Argument of the functions on this kind of device.</typeparam>
internal abstract class DeviceBackend<TLaunch> : DeviceBackend where TLaunch : Launch
{
    private readonly Device _device;
    private readonly List<Action<TLaunch>> _functions = [];
    private readonly List<DeviceMemory> _slabs = [];

    protected DeviceBackend(Device device, DeviceParameterStore parameters, PlanOptions options) : base(parameters, options) =>
        _device = device;

    public sealed override void Link(long arenaBytes)
    {
        if (Buffers.MaxBy(buffer => buffer.Bytes) is { } largest && largest.Bytes > SlabBytes)
        {
            throw new DeviceOutOfMemoryException(
                $"The device {_device.Name} allocates at most {SlabBytes >> 20} MiB at once, but {largest.Name} of a batch of {Images} "
                + $"takes {largest.Bytes >> 20} MiB.",
                largest.Bytes, SlabBytes);
        }
        try
        {
            for (long first = 0; first < arenaBytes; first += SlabBytes)
                _slabs.Add(_device.Allocate(Math.Min(SlabBytes, arenaBytes - first), $"a batch of {Images}", StartsAtZero));
            Prepare();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public override void Dispose()
    {
        foreach (DeviceMemory slab in _slabs) slab.Dispose();
        _slabs.Clear();
    }

    /// <summary>Returns the allocation that holds memory, and its byte offset there, once the arena is allocated.</summary>
    public (DeviceMemory Memory, long Offset) PlaceOf(IPlanMemory memory) => memory switch
    {
        PlanBuffer buffer => (_slabs[(int)(buffer.Offset / SlabBytes)], buffer.Offset % SlabBytes),
        ParameterMemory range => (Parameters.Run(range.Run), 4 * range.First),
        _ => throw new ArgumentException($"{memory.Name} is not memory of the device {_device.Name}.", nameof(memory)),
    };

    /// <summary>Whether kernels rely on bytes of the arena that nothing writes being zero.</summary>
    protected virtual bool StartsAtZero => false;

    /// <summary>Records a step and appends it.</summary>
    /// <param name="launch">Records the step.</param>
    protected void AddLaunch(string name, TLaunch launch, Action<TLaunch> function)
    {
        function(launch);
        AddStep(new(name, launch.End()));
        _functions.Add(function);
    }

    /// <summary>Makes the kernels of all steps with <see cref="Make"/>.</summary>
    protected abstract void Prepare();

    /// <summary>Runs the function of a step with allocated memory.</summary>
    protected TLaunch Make(int step, TLaunch launch)
    {
        _functions[step](launch);
        launch.End();
        return launch;
    }

    protected sealed override void Write<T>(DeviceBuffer<T> buffer, ReadOnlySpan<T> values)
    {
        (DeviceMemory memory, long offset) = PlaceOf(buffer.Memory);
        memory.Write(values, offset);
    }

    protected sealed override void Read<T>(DeviceBuffer<T> buffer, Span<T> values)
    {
        (DeviceMemory memory, long offset) = PlaceOf(buffer.Memory);
        memory.Read(values, offset);
    }
}
