using System.Runtime.ExceptionServices;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Plans;
using GpuCnn.Kernels.Convolution;
using GpuCnn.Kernels.Convolution.Gpu;
using GpuCnn.Kernels.Cpu;
using GpuCnn.Kernels.MatrixProduct;

namespace GpuCnn.Engine.Devices.Gpu;

/// <summary>Turns a plan into launches of compiled kernels, the same for every run, and gives them to the device in order.</summary>
internal sealed class GpuBackend : DeviceBackend<GpuLaunch>
{
    private readonly bool _uploadsAhead;
    // Images for the next two uploads, in turn: the launches of one may still wait to read theirs.
    private readonly DeviceBuffer<float>[] _incoming = new DeviceBuffer<float>[2];
    private UploadLane? _lane;
    // The batch whose images are on the way, and its first image.
    private (Batch Batch, int First)? _ahead;
    private int _turn;
    private bool _hasRun;
    private LaunchSequence? _launches;

    // Index of each step's first launch, and the end of the last step.
    private int[] _firsts = [];

    // Steps that exchange buffers with other ranks, in order, and what makes them once the arena is allocated.
    private readonly List<Func<GpuExchange>> _makeExchanges = [];
    private GpuExchange[] _exchanges = [];

    public GpuBackend(GpuDevice device, DeviceParameterStore parameters, PlanOptions options) : base(device, parameters, options)
    {
        Device = device;
        _uploadsAhead = options.UploadsAhead && device.HasUploadLane;
    }

    public GpuDevice Device { get; }

    public override long SlabBytes =>
        Math.Max(MemoryPlan.Alignment, Device.LargestAllocation / MemoryPlan.Alignment * MemoryPlan.Alignment);

    /// <summary>Kernels load four floats at a time from a tensor's start.</summary>
    public override bool CanStore(Slice slice, int channels) => slice.FirstChannel % 4 == 0;

    public override TensorLayout LayOut(Value value) => new(value.Shape, Storage.Of(value).Shape, ChannelsLast: true);

    public override void Launch(string name, Func<CpuLaunch, ICpuKernel> cpu, Action<GpuLaunch> gpu) => Launch(name, gpu);

    public void Launch(string name, Action<GpuLaunch> add) => AddLaunch(name, new(this, recorded: null), add);

    public override unsafe void AddExchange<T>(string name, DeviceBuffer<T> own, DeviceBuffer<T> all)
    {
        int step = StepCount, bytes = checked((int)own.Count * sizeof(T));
        _makeExchanges.Add(() => new(step, Ranks, PlaceOf(own.Memory), PlaceOf(all.Memory), bytes));
        // A step without launches, whose uses the memory plan sees.
        Launch(name, l =>
        {
            l.Read(own);
            l.Write(all);
        });
    }

    /// <summary>Not before losses were read once: memory may be cleared until then.</summary>
    public override bool UploadsAhead => _uploadsAhead && _hasRun;

    public override void AddInput(Value input)
    {
        base.AddInput(input);
        if (!_uploadsAhead) return;
        for (int i = 0; i < _incoming.Length; i++)
            _incoming[i] = NewBuffer<float>($"incoming images {i + 1}", (long)Images * input.Shape.Count, persistent: true);
    }

    public override void UploadAhead(Batch batch, int first)
    {
        _lane ??= Device.CreateUploadLane();
        _ahead = (batch, first);
        int floats = batch.Shape.Count;
        (DeviceMemory memory, long offset) = PlaceOf(_incoming[_turn].Memory);
        _lane.Begin(batch, first * floats, Images * floats, memory, offset);
    }

    public override void DownloadLosses(Span<float> losses, Span<int> ranks)
    {
        base.DownloadLosses(losses, ranks);
        _hasRun = true;
    }

    public override GradientSums CreateSums(IReadOnlyList<GradientBucket> buckets) =>
        new StagedGradientSums(Device, Parameters.Gradients, buckets, Ranks);

    /// <summary>Queues launches, and waits only for those before an exchange.</summary>
    public override void Run(int first, int last)
    {
        foreach (GpuExchange exchange in _exchanges)
        {
            if (exchange.Step < first) continue;
            if (exchange.Step >= last) break;
            _launches!.Run(_firsts[first], _firsts[exchange.Step]);
            exchange.Run();
            first = exchange.Step + 1;
        }
        _launches!.Run(_firsts[first], _firsts[last]);
    }

    public override void Finish() => Device.Finish();

    public override StepClock? CreateClock() => Device.CreateClock();

    public override IReadOnlyList<(int Step, KernelResources Kernel)> KernelResources =>
    [
        .. from step in Enumerable.Range(0, _firsts.Length - 1)
        from launch in _launches!.Launches.Take(_firsts[step].._firsts[step + 1])
        where launch.Resources is not null
        select (step, launch.Resources),
    ];

    public override void Dispose()
    {
        _lane?.Dispose();
        _lane = null;
        _ahead = null;
        _launches?.Dispose();
        _launches = null;
        base.Dispose();
    }

    /// <summary>Chooses the algorithm of the next step.</summary>
    public ConvolutionChoice Choose(ConvolutionShape shape, ConvolutionPass pass) =>
        Choose(
            ProblemOf(pass.Describe(shape, Images)), ConvolutionChoice.For(shape, Images, pass),
            ConvolutionChoice.Candidates(shape, Images, pass, Device.HasProductLibrary), Algorithms);

    /// <summary>
    /// Chooses the algorithm of the next step, a plain product. There is a choice only if the device has a library, or if the options name
    /// one because the run began on such a device. Otherwise the sizes decide, and plans have one problem less.
    /// </summary>
    /// <param name="problem">The computation, with all sizes that the best choice may depend on.</param>
    public ProductChoice Choose(string problem, int rows, int columns, int depth)
    {
        problem = ProblemOf(problem);
        ProductChoice rule = ProductChoice.For(rows, columns, depth);
        bool hasLibrary = Device.HasProductLibrary, isChosen = hasLibrary || Algorithms?.ContainsKey(problem) == true;
        return isChosen ? Choose(problem, rule, ProductChoice.Candidates(rows, columns, hasLibrary), Algorithms) : rule;
    }

    protected override void UploadImages(DeviceBuffer<float> images, Batch batch, int first)
    {
        bool isHere = _ahead is { } ahead && ahead.Batch == batch && ahead.First == first;
        if (_ahead is not null) _lane!.Finish();
        _ahead = null;
        if (!isHere)
        {
            base.UploadImages(images, batch, first);
            return;
        }
        (DeviceMemory from, long offset) = PlaceOf(_incoming[_turn].Memory);
        (DeviceMemory to, long place) = PlaceOf(images.Memory);
        _lane!.Move(from, offset, to, place, sizeof(float) * images.Count);
        _turn = (_turn + 1) % _incoming.Length;
    }

    protected override Emitter CreateEmitter(PlanNode node, InputGradient[] gradients) => new GpuEmitter(this, node, gradients);

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

    /// <summary>Prepares the launches of all steps in parallel, because most of the time is the device's compiler.</summary>
    protected override void Prepare()
    {
        GpuLaunch[] steps = [.. Steps.Select(step => new GpuLaunch(this, step))];
        try
        {
            Parallel.For(0, steps.Length, step => Make(step, steps[step]));
        }
        catch (AggregateException exception)
        {
            foreach (PreparedLaunch prepared in steps.SelectMany(step => step.Prepared)) prepared.Dispose();
            ExceptionDispatchInfo.Throw(exception.InnerExceptions[0]);
            throw;
        }
        _firsts = [.. steps.Select((_, i) => steps.Take(i).Sum(step => step.Prepared.Count)), steps.Sum(step => step.Prepared.Count)];
        _launches = Device.InSequence([.. steps.SelectMany(step => step.Prepared)]);
        _exchanges = [.. _makeExchanges.Select(make => make())];
    }
}
