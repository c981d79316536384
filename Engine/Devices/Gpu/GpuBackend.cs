using System.Runtime.ExceptionServices;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Plans;
using GpuCnn.Kernels.Convolution;
using GpuCnn.Kernels.Convolution.Gpu;
using GpuCnn.Kernels.Cpu;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.MatrixProduct;

namespace GpuCnn.Engine.Devices.Gpu;

/// <summary>Turns a plan into launches of compiled kernels, the same at each step, and gives them to the device in order.</summary>
internal sealed class GpuBackend : DeviceBackend
{
    private readonly DeviceParameterStore _parameters;
    private readonly PlanOptions _options;
    private readonly List<Action<GpuLaunch>> _makers = [];
    private DeviceMemory[] _slabs = [];
    private LaunchSequence? _launches;

    // Where each step's launches begin, and the end of the last.
    private int[] _firsts = [];

    public GpuBackend(GpuDevice device, DeviceParameterStore parameters, PlanOptions options) : base(parameters, options)
    {
        Device = device;
        _parameters = parameters;
        _options = options;
    }

    public GpuDevice Device { get; }

    public override long SlabBytes =>
        Math.Max(MemoryPlan.Alignment, Device.LargestAllocation / MemoryPlan.Alignment * MemoryPlan.Alignment);

    /// <summary>Kernels load four floats at a time from where a tensor starts.</summary>
    public override bool CanStore(Slice slice, int channels) => slice.FirstChannel % 4 == 0;

    public override ParameterOrder Order => _parameters.Order;

    public override DeviceParameter Parameter(Parameter parameter) =>
        new(parameter, _parameters.LayoutOf(parameter), Order.OffsetOf(parameter));

    public override TensorLayout LayOut(Value value) => new(value.Shape, Storage.Of(value).Shape, ChannelsLast: true);

    public override void Launch(string name, Func<CpuLaunch, ICpuKernel> cpu, Action<GpuLaunch> gpu) => Launch(name, gpu);

    public void Launch(string name, Action<GpuLaunch> add)
    {
        var launch = new GpuLaunch(this, recorded: null);
        add(launch);
        AddStep(new(name, launch.End()));
        _makers.Add(add);
    }

    public override void Link(long arenaBytes)
    {
        if (Buffers.MaxBy(buffer => buffer.Bytes) is { } largest && largest.Bytes > SlabBytes)
        {
            throw new DeviceOutOfMemoryException(
                $"The device {Device.Name} gives at most {SlabBytes >> 20} MiB in one piece, but {largest.Name} of a batch of {Images} "
                + $"takes {largest.Bytes >> 20} MiB.",
                largest.Bytes, SlabBytes);
        }
        var slabs = new List<DeviceMemory>();
        try
        {
            for (long first = 0; first < arenaBytes; first += SlabBytes)
                slabs.Add(Device.Allocate(Math.Min(SlabBytes, arenaBytes - first), $"a batch of {Images}", zeroed: false));
            _slabs = [.. slabs];
            IReadOnlyList<PreparedLaunch>[] steps = Prepare();
            _firsts = [.. steps.Select((_, i) => steps.Take(i).Sum(launches => launches.Count)), steps.Sum(launches => launches.Count)];
            _launches = Device.InSequence([.. steps.SelectMany(launches => launches)]);
        }
        catch
        {
            foreach (DeviceMemory slab in slabs) slab.Dispose();
            _slabs = [];
            throw;
        }
    }

    public override void Run(int first, int last) => _launches!.Run(_firsts[first], _firsts[last]);

    public override void Finish() => Device.Finish();

    public override void Dispose()
    {
        _launches?.Dispose();
        _launches = null;
        foreach (DeviceMemory slab in _slabs) slab.Dispose();
        _slabs = [];
    }

    /// <summary>The algorithm of the step that is emitted next.</summary>
    public ConvolutionChoice Choose(ConvolutionShape shape, ConvolutionPass pass) =>
        Choose(
            pass.Describe(shape, Images), ConvolutionChoice.For(shape, Images, pass),
            ConvolutionChoice.Candidates(shape, Images, pass, Device.HasProductLibrary), _options.Algorithms);

    /// <summary>
    /// The same for a plain product. There is a choice only where the device has a library, or where the options name one, as those of a
    /// run that began on such a device do; elsewhere the sizes decide, and plans have one problem less.
    /// </summary>
    /// <param name="problem">What is computed, with all sizes that the best choice may depend on.</param>
    public ProductChoice Choose(string problem, int rows, int columns, int depth)
    {
        ProductChoice rule = ProductChoice.For(rows, columns, depth);
        bool hasLibrary = Device.HasProductLibrary, isChosen = hasLibrary || _options.Algorithms?.ContainsKey(problem) == true;
        return isChosen ? Choose(problem, rule, ProductChoice.Candidates(rows, columns, hasLibrary), _options.Algorithms) : rule;
    }

    /// <summary>A buffer where it lies, once the arena is allocated.</summary>
    public View<T> ViewOf<T>(DeviceBuffer<T> buffer) where T : unmanaged
    {
        (DeviceMemory memory, long offset) = PlaceOf(buffer.Memory);
        return memory.View<T>(offset, (int)buffer.Count);
    }

    protected override Emitter CreateEmitter(PlanNode node, IReadOnlyList<InputGradient> gradients) =>
        new GpuEmitter(this, node, gradients);

    protected override bool CanAddGradients(Operator layer) => layer.AddsInputGradients;

    protected override void CheckCount(string name, long count)
    {
        if (count > int.MaxValue)
        {
            throw new GpuCnnException(
                $"The device {Device.Name} holds at most {int.MaxValue} values in one tensor, but {name} of a batch of {Images} "
                + $"has {count}; use a smaller batch.");
        }
    }

    protected override void Write<T>(DeviceBuffer<T> buffer, ReadOnlySpan<T> values)
    {
        (DeviceMemory memory, long offset) = PlaceOf(buffer.Memory);
        memory.Write(values, offset);
    }

    protected override void Read<T>(DeviceBuffer<T> buffer, Span<T> values)
    {
        (DeviceMemory memory, long offset) = PlaceOf(buffer.Memory);
        memory.Read(values, offset);
    }

    /// <summary>The allocation that memory lies in, and the bytes before it there.</summary>
    private (DeviceMemory Memory, long Offset) PlaceOf(IPlanMemory memory) => memory switch
    {
        PlanBuffer buffer => (_slabs[(int)(buffer.Offset / SlabBytes)], buffer.Offset % SlabBytes),
        ParameterMemory range => (_parameters.Run(range.Run), 4 * range.First),
        _ => throw new ArgumentException($"{memory.Name} is no memory of the device {Device.Name}.", nameof(memory)),
    };

    /// <summary>The launches of each step. Most of it is the device's compiler, which takes several kernels at once.</summary>
    private IReadOnlyList<PreparedLaunch>[] Prepare()
    {
        GpuLaunch[] launches = [.. Steps.Select(step => new GpuLaunch(this, step))];
        try
        {
            Parallel.For(0, launches.Length, step =>
            {
                _makers[step](launches[step]);
                launches[step].End();
            });
            return [.. launches.Select(launch => launch.Prepared)];
        }
        catch (AggregateException exception)
        {
            foreach (PreparedLaunch prepared in launches.SelectMany(launch => launch.Prepared)) prepared.Dispose();
            ExceptionDispatchInfo.Throw(exception.InnerExceptions[0]);
            throw;
        }
    }
}
