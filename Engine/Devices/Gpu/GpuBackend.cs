using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Plans;
using GpuCnn.Kernels.Convolution;
using GpuCnn.Kernels.Convolution.Gpu;
using GpuCnn.Kernels.Cpu;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.MatrixProduct;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Engine.Devices.Gpu;

/// <summary>Turns a plan into launches of compiled kernels, the same for every run, and gives them to the device in order.</summary>
internal sealed class GpuBackend : DeviceBackend<GpuLaunch>
{
    private readonly int _slots;
    // Images of the next two uploads, in turn: the launches of one may still wait to read theirs.
    private readonly DeviceBuffer<float>[] _incoming = new DeviceBuffer<float>[UploadLane.Places];
    private UploadLane? _lane;
    // The batch whose images are on the way to the next place, and its first image.
    private (Batch Batch, int First)? _ahead;
    // The next place, and the one from which the next run takes its images.
    private int _place, _taken = StepCopies.None;
    private ResultSlots? _results;
    // The network's outputs, from the first batch on whose output is read, and the copies to each slot.
    private ResultSlots? _outputs;
    private PreparedLaunch[] _outputReads = [];
    private DeviceTensor? _output;
    private LaunchSequence? _launches;

    // All weights as bfloat16, where matrix units multiply them.
    private DeviceBuffer<float>? _roundedWeights;

    // Of norms, by their outputs: statistics that the outputs were normalized by, and sums that their gradients need.
    private readonly Dictionary<Value, DeviceBuffer<float>> _statistics = [];
    private readonly Dictionary<Value, GpuGradientSums> _gradientSums = [];

    // Index of each step's first launch, and the end of the last step.
    private int[] _firsts = [];

    // Steps that exchange buffers with other ranks, in order, and what makes them once the arena is allocated.
    private readonly List<Func<GpuExchange>> _makeExchanges = [];
    private GpuExchange[] _exchanges = [];

    public GpuBackend(GpuDevice device, DeviceParameterStore parameters, PlanOptions options) : base(device, parameters, options)
    {
        Device = device;
        UploadsAhead = options.UploadsAhead && device.HasUploadLane;
        _slots = MostOpen * options.Accumulate;
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

    public override bool UploadsAhead { get; }

    public override int MostPending => Device.HasResultSlots ? MostOpen : 1;

    public override void AddInput(Value input)
    {
        base.AddInput(input);
        if (Precision == Precision.BFloat16) AddRoundedWeights();
        if (!UploadsAhead) return;
        for (int i = 0; i < _incoming.Length; i++)
            _incoming[i] = NewBuffer<float>($"incoming images {i + 1}", (long)Images * input.Shape.Count, persistent: true);
    }

    public override void UploadAhead(Batch batch, int first)
    {
        BeginUpload(batch, first);
        _ahead = (batch, first);
    }

    public override void FinishUpload() => _lane?.Finish();

    public override void RunToLosses(int first, int last, int slot)
    {
        if (_results is null)
        {
            base.RunToLosses(first, last, slot);
            return;
        }
        Run(first, last, slot);
        _results.Mark(slot);
    }

    public override void DownloadLosses(int slot, Span<float> losses, Span<int> ranks)
    {
        if (_results is null)
        {
            base.DownloadLosses(slot, losses, ranks);
            return;
        }
        _results.Wait(slot);
        ReadOnlySpan<byte> bytes = _results.Bytes(slot);
        int half = sizeof(float) * Images;
        MemoryMarshal.Cast<byte, float>(bytes[..half]).CopyTo(losses);
        MemoryMarshal.Cast<byte, int>(bytes[half..]).CopyTo(ranks);
    }

    public override void BeginOutput(int slot)
    {
        if (!Device.HasResultSlots) return;
        if (_outputs is null)
        {
            _output = Value(Network.Output);
            (DeviceMemory source, long from) = PlaceOf(_output.Elements.Memory);
            int bytes = checked((int)(sizeof(float) * _output.Elements.Count));
            ResultSlots outputs = _outputs = Device.CreateResults(MostOpen, bytes);
            _outputReads = [.. Enumerable.Range(0, MostOpen).Select(to => outputs.PrepareRead(source, from, to, 0, bytes))];
        }
        _outputReads[slot].Run();
        _outputs.Mark(slot);
    }

    public override void DownloadOutput(int slot, Span<float> target)
    {
        if (_outputs is null)
        {
            base.DownloadOutput(slot, target);
            return;
        }
        _outputs.Wait(slot);
        Unpack(_output!, MemoryMarshal.Cast<byte, float>(_outputs.Bytes(slot)), target);
    }

    public override GradientSums CreateSums(IReadOnlyList<GradientBucket> buckets) =>
        new StagedGradientSums(Device, Parameters.Gradients, buckets, Ranks);

    /// <summary>Queues launches, and waits only for those before an exchange.</summary>
    public override void Run(int first, int last) => Run(first, last, StepCopies.None);

    /// <param name="slot">Slot for the losses, which are copied after the last launch.</param>
    private void Run(int first, int last, int slot)
    {
        foreach (GpuExchange exchange in _exchanges)
        {
            if (exchange.Step < first) continue;
            if (exchange.Step >= last) break;
            Launch(first, exchange.Step, StepCopies.None);
            exchange.Run();
            first = exchange.Step + 1;
        }
        Launch(first, last, slot);
    }

    private void Launch(int first, int last, int slot)
    {
        _launches!.Run(_firsts[first], _firsts[last], _taken, slot);
        if (_taken == StepCopies.None) return;
        _lane!.Release(_taken);
        _taken = StepCopies.None;
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
        _results?.Dispose();
        _results = null;
        foreach (PreparedLaunch read in _outputReads) read.Dispose();
        _outputReads = [];
        _outputs?.Dispose();
        _outputs = null;
        base.Dispose();
    }

    /// <summary>Keeps the statistics that a norm's output was normalized by.</summary>
    public void KeepStatistics(Value output, DeviceBuffer<float> statistics) => _statistics[output] = statistics;

    /// <summary>Returns a norm that kept its statistics, or null.</summary>
    public GpuNorm? FindNorm(PlanNode node) => _statistics.TryGetValue(node.Output, out DeviceBuffer<float>? statistics)
        ? new(Value(node.Inputs[0]), statistics, node.Activation ?? default(Identity))
        : null;

    /// <summary>Keeps the sums for the gradient of the norm whose output this is.</summary>
    public void KeepGradientSums(Value output, GpuGradientSums sums) => _gradientSums[output] = sums;

    /// <summary>Returns the sums that were gathered for a norm's gradient, or null.</summary>
    public GpuGradientSums? FindGradientSums(Value output) => _gradientSums.GetValueOrDefault(output);

    /// <summary>Chooses the algorithm of the next step.</summary>
    /// <param name="factors">What is multiplied, where the shape allows it.</param>
    public ConvolutionChoice Choose(ConvolutionShape shape, ConvolutionPass pass, FactorType factors) =>
        Choose(
            ProblemOf(pass.Describe(shape, Images)), ConvolutionChoice.For(shape, Images, pass, factors),
            ConvolutionChoice.Candidates(shape, Images, pass, HasProductLibrary, factors, HasUnitsForFloat32), Algorithms);

    /// <summary>
    /// Chooses the algorithm of the next step, a plain product. There is a choice only if the device has a library or matrix units that
    /// may multiply float32, or if the options name one because the run began on such a device. Otherwise the sizes decide, and plans have
    /// one problem less.
    /// </summary>
    /// <param name="problem">The computation, with all sizes that the best choice may depend on.</param>
    /// <param name="factors">What is multiplied.</param>
    /// <param name="isLoadable">Whether matrix units can load both matrices as they are.</param>
    public ProductChoice Choose(string problem, int rows, int columns, int depth, FactorType factors, bool isLoadable)
    {
        problem = ProblemOf(problem);
        ProductChoice rule = ProductChoice.For(rows, columns, depth, factors);
        bool hasLibrary = HasProductLibrary, hasUnits = HasUnitsForFloat32 && isLoadable;
        if (!hasLibrary && !hasUnits && Algorithms?.ContainsKey(problem) != true) return rule;
        return Choose(
            problem, rule, ProductChoice.Candidates(rows, columns, hasLibrary, factors, hasUnits ? depth : 0), Algorithms);
    }

    /// <summary>Returns what a product multiplies whose other factor is rounded to fit, as weights are.</summary>
    /// <param name="isBFloat16">Whether the tensor is stored as bfloat16.</param>
    public FactorType FactorsOf(bool isBFloat16) => Precision == Precision.Float32 ? FactorType.Float32
        : isBFloat16 ? FactorType.BFloat16 : FactorType.TF32;

    /// <summary>
    /// Returns what a convolution multiplies. Under bfloat16 floats are rounded where a packed copy of them is read.
    /// </summary>
    /// <param name="isBFloat16">Whether the tensor that windows are of is stored as bfloat16.</param>
    public FactorType FactorsOf(ConvolutionShape shape, ConvolutionPass pass, bool isBFloat16) =>
        Precision == Precision.BFloat16 && ConvolutionChoice.RoundsInput(shape, pass) ? FactorType.BFloat16 : FactorsOf(isBFloat16);

    /// <summary>Returns the weights of a parameter in the format that a product multiplies.</summary>
    public ReadOnlyView<float> ReadWeights(GpuLaunch launch, DeviceParameter weights, FactorType factors) =>
        factors == FactorType.BFloat16
            ? launch.Read(_roundedWeights).Slice((int)(weights.First / 2))
            : launch.Read(weights.Values);

    // What multiplies TF32 can multiply float32 too, in several products.
    private bool HasUnitsForFloat32 => Precision == Precision.Float32 && Device.Supports(Precision.TF32);

    // Libraries multiply float32 alone.
    private bool HasProductLibrary => Device.HasProductLibrary && Precision == Precision.Float32;

    private void AddRoundedWeights()
    {
        long count = Parameters.Order.Count;
        if (count == 0) return;
        string run = ReadsAverages ? ParameterMemory.Averages : ParameterMemory.Weights;
        var weights = new DeviceBuffer<float>(new ParameterMemory(run, 0, count), count);
        DeviceBuffer<float> rounded = _roundedWeights = NewBuffer<float>("rounded weights", count / 2);
        Launch("round weights", l => l.Add(new RoundWeights(l.Read(weights), l.Write(rounded), (int)count)));
    }

    protected override void UploadImages(DeviceBuffer<float> images, Batch batch, int first)
    {
        if (!UploadsAhead)
        {
            base.UploadImages(images, batch, first);
            return;
        }
        if (_ahead is not { } ahead || ahead.Batch != batch || ahead.First != first) BeginUpload(batch, first);
        _ahead = null;
        _lane!.Hold(_place);
        _taken = _place;
        _place = (_place + 1) % _incoming.Length;
    }

    private void BeginUpload(Batch batch, int first)
    {
        _lane ??= Device.CreateUploadLane();
        int floats = batch.Shape.Count;
        (DeviceMemory memory, long offset) = PlaceOf(_incoming[_place].Memory);
        _lane.Begin(_place, batch, first * floats, Images * floats, memory, offset);
    }

    protected override Emitter CreateEmitter(PlanNode node, InputGradient[] gradients) => new GpuEmitter(this, node, gradients);

    /// <summary>
    /// The gradient of what is added to a norm's result, where no activation follows or the output's gradient has been taken through it.
    /// </summary>
    protected override bool PassesGradient(PlanNode node, int input) =>
        node.Addend is not null && input == node.Node.Inputs.Count && node.Node.Operator.ReadsGradientSums && Training
        && !node.Node.FreezesStatistics && (node.Activation is null || FindGradientSums(node.Output) is not null);

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
        _results = HasLoss && Device.HasResultSlots ? Device.CreateResults(_slots, (sizeof(float) + sizeof(int)) * Images) : null;
        _launches = Device.InSequence([.. steps.SelectMany(step => step.Prepared)], PrepareCopies());
        _exchanges = [.. _makeExchanges.Select(make => make())];
    }

    private StepCopies PrepareCopies()
    {
        var moves = new List<PreparedLaunch>();
        var reads = new List<IReadOnlyList<PreparedLaunch>>();
        if (UploadsAhead)
        {
            (DeviceMemory target, long to) = PlaceOf(Input.Memory);
            foreach (DeviceBuffer<float> incoming in _incoming)
            {
                (DeviceMemory source, long from) = PlaceOf(incoming.Memory);
                moves.Add(Device.PrepareCopy(source, from, target, to, sizeof(float) * Input.Count));
            }
        }
        for (int slot = 0; _results is not null && slot < _slots; slot++)
            reads.Add([Read(Losses.Memory, slot, 0), Read(Ranked.Memory, slot, sizeof(float) * Images)]);
        return new(moves, reads);

        PreparedLaunch Read(IPlanMemory memory, int slot, int place)
        {
            (DeviceMemory source, long from) = PlaceOf(memory);
            return _results!.PrepareRead(source, from, slot, place, sizeof(float) * Images);
        }
    }
}
