using GpuCnn.Engine.Devices.Gpu;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Plans;
using GpuCnn.Kernels.Convolution;
using GpuCnn.Kernels.Convolution.Cpu;
using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Engine.Devices.Cpu;

/// <summary>Turns a plan into kernels of the CPU device, and runs them one after another on the device's threads.</summary>
internal sealed class CpuBackend(CpuDevice device, DeviceParameterStore store, PlanOptions options)
    : DeviceBackend<CpuLaunch>(device, store, options)
{
    private readonly CpuLayouts _layouts = new(store.Network, store.InputGradient);
    private readonly WorkerPool _pool = device.Pool;
    private readonly Dictionary<int, DeviceBuffer<float>> _zeros = [];
    private ICpuKernel[] _kernels = [];

    public int VectorWidth { get; } = device.VectorWidth;

    public int Threads => _pool.Threads;

    /// <summary>A slice is whole blocks; only a slice that ends at the whole's last channel may end within a block.</summary>
    public override bool CanStore(Slice slice, int channels) =>
        slice.FirstChannel % Blocks.Size == 0
        && (channels % Blocks.Size == 0 || slice.FirstChannel + channels == slice.Whole.Shape.Channels);

    public override TensorLayout LayOut(Value value) => _layouts.Describe(value, Training);

    public override void Launch(string name, Func<CpuLaunch, ICpuKernel> cpu, Action<GpuLaunch> gpu) => Launch(name, cpu);

    public void Launch(string name, Func<CpuLaunch, ICpuKernel> make) =>
        AddLaunch(name, new(this, recorded: null), l => l.Kernel = make(l));

    public override GradientSums CreateSums(IReadOnlyList<GradientBucket> buckets) =>
        new CpuGradientSums(Parameters.Gradients, buckets, Ranks);

    public override unsafe void AddExchange<T>(string name, DeviceBuffer<T> own, DeviceBuffer<T> all) => Launch(name,
        l => new CpuExchange(Ranks, (byte*)l.Read(own), (byte*)l.Write(all), checked((int)own.Count * sizeof(T))));

    public override void Run(int first, int last)
    {
        for (int step = first; step < last; step++) _pool.Run(_kernels[step]);
    }

    public DeviceBuffer<float> Zeros(int count)
    {
        if (!_zeros.TryGetValue(count, out DeviceBuffer<float>? buffer))
            _zeros[count] = buffer = NewBuffer<float>("zeros", count, persistent: true);
        return buffer;
    }

    /// <summary>Emits a convolution's pass with the chosen algorithm.</summary>
    public void Choose(ConvolutionShape shape, ConvolutionPass pass, Action<CpuConvolutionChoice> emit)
    {
        IReadOnlyList<CpuConvolutionChoice> candidates = CpuConvolutionChoice.Candidates(shape);
        if (candidates.Count == 1)
        {
            emit(candidates[0]);
            return;
        }
        emit(Choose(pass.Describe(shape, Images), CpuConvolutionChoice.For(shape, Images, pass), candidates, Algorithms));
        EndChoice();
    }

    /// <summary>Zeros are read from <see cref="Zeros"/>, which no step writes.</summary>
    protected override bool StartsAtZero => true;

    protected override Emitter CreateEmitter(PlanNode node, InputGradient[] gradients) => new CpuEmitter(this, node, gradients);

    protected override void Prepare() => _kernels = [.. Steps.Select((step, index) => Make(index, new(this, step)).Kernel!)];
}
