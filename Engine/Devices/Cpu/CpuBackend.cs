using GpuCnn.Engine.Devices.Gpu;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Plans;
using GpuCnn.Kernels.Convolution;
using GpuCnn.Kernels.Convolution.Cpu;
using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Engine.Devices.Cpu;

/// <summary>Turns a plan into kernels of the CPU device, and runs them one after another on the device's threads.</summary>
internal sealed unsafe class CpuBackend : DeviceBackend
{
    private readonly CpuDevice _device;
    private readonly DeviceParameterStore _parameters;
    private readonly PlanOptions _options;
    private readonly CpuLayouts _layouts;
    private readonly List<Func<CpuLaunch, ICpuKernel>> _makers = [];
    private readonly Dictionary<int, DeviceBuffer<float>> _zeros = [];
    private ICpuKernel[] _kernels = [];
    private DeviceMemory? _arena;

    public CpuBackend(CpuDevice device, DeviceParameterStore parameters, PlanOptions options) : base(parameters, options)
    {
        _device = device;
        _parameters = parameters;
        _options = options;
        _layouts = new(parameters.Network, parameters.InputGradient);
    }

    public int VectorWidth => _device.VectorWidth;

    public int Threads => _device.Threads;

    /// <summary>Slices are whole blocks; only after the last channel of all may one end within a block.</summary>
    public override bool CanStore(Slice slice, int channels) =>
        slice.FirstChannel % Blocks.Size == 0 && (channels % Blocks.Size == 0 || slice.FirstChannel + channels == slice.Whole.Shape.Channels);

    public override ParameterOrder Order => _parameters.Order;

    public override DeviceParameter Parameter(Parameter parameter) =>
        new(parameter, _parameters.LayoutOf(parameter), Order.OffsetOf(parameter));

    public override TensorLayout LayOut(Value value) => _layouts.Describe(value, Training);

    public override void Launch(string name, Func<CpuLaunch, ICpuKernel> cpu, Action<GpuLaunch> gpu) => Launch(name, cpu);

    public void Launch(string name, Func<CpuLaunch, ICpuKernel> make)
    {
        var launch = new CpuLaunch(this, recorded: null);
        _ = make(launch);
        AddStep(new(name, launch.End()));
        _makers.Add(make);
    }

    public override void Link(long arenaBytes)
    {
        _arena = _device.Allocate(arenaBytes, $"a batch of {Images}");
        _kernels = [.. _makers.Select((make, step) => Make(make, Steps[step]))];
    }

    public override void Run(int first, int last)
    {
        for (int step = first; step < last; step++) _device.Pool.Run(_kernels[step]);
    }

    public override void Dispose()
    {
        _arena?.Dispose();
        _arena = null;
    }

    public DeviceBuffer<float> Zeros(int count)
    {
        if (!_zeros.TryGetValue(count, out DeviceBuffer<float>? buffer)) _zeros[count] = buffer = NewBuffer<float>("zeros", count,
            persistent: true);
        return buffer;
    }

    /// <summary>Emits a convolution's pass by one of its algorithms.</summary>
    public void Choose(ConvolutionShape shape, ConvolutionPass pass, Action<CpuConvolutionChoice> emit)
    {
        IReadOnlyList<CpuConvolutionChoice> candidates = CpuConvolutionChoice.Candidates(shape);
        if (candidates.Count == 1)
        {
            emit(candidates[0]);
            return;
        }
        emit(Choose(pass.Describe(shape, Images), CpuConvolutionChoice.For(shape, Images, pass), candidates, _options.Algorithms));
        EndChoice();
    }

    /// <summary>Where memory lies, once the arena is allocated.</summary>
    public nint AddressOf(IPlanMemory memory) => memory switch
    {
        PlanBuffer buffer => _arena!.Handle + (nint)buffer.Offset,
        ParameterMemory range => _parameters.Run(range.Run).Handle + (nint)(4 * range.First),
        _ => throw new ArgumentException($"{memory.Name} is no memory of the cpu device.", nameof(memory)),
    };

    protected override Emitter CreateEmitter(PlanNode node, IReadOnlyList<InputGradient> gradients) =>
        new CpuEmitter(this, node, gradients);

    protected override void Write<T>(DeviceBuffer<T> buffer, ReadOnlySpan<T> values) =>
        values.CopyTo(new Span<T>((void*)AddressOf(buffer.Memory), values.Length));

    protected override void Read<T>(DeviceBuffer<T> buffer, Span<T> values) =>
        new ReadOnlySpan<T>((void*)AddressOf(buffer.Memory), values.Length).CopyTo(values);

    private ICpuKernel Make(Func<CpuLaunch, ICpuKernel> make, PlanStep step)
    {
        var launch = new CpuLaunch(this, step);
        ICpuKernel kernel = make(launch);
        launch.End();
        return kernel;
    }
}
