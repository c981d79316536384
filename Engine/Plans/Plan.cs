using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Engine.Plans;

/// <summary>Results of a batch, summed over its images.</summary>
public readonly record struct BatchResult(int Images, double LossSum, int Top1, int Top5)
{
    public double Loss => LossSum / Images;
}

/// <summary>
/// A network compiled for a device and a batch size. The forward pass and, for training, the loss, the backward pass and the update form
/// one list of steps over one arena. Compiling allocates nothing on the device: the size is known before. Running a step allocates nothing.
/// </summary>
public sealed partial class Plan : IDisposable
{
    /// <summary>Values of a batch beyond which sums of bytes could overflow.</summary>
    private const long MostValues = 1L << 42;

    private readonly PlanBackend _backend;
    private readonly IReadOnlyList<PlanNode> _nodes;
    private readonly List<PlanPart> _parts = [];
    private readonly PlanNode? _singleValue;
    // Pieces of the gradients that ranks sum, in the order in which they are complete.
    private readonly IReadOnlyList<GradientBucket> _buckets = [];
    private GradientSums? _sums;
    private bool _linked;

    /// <exception cref="SingleValueException">A plan that trains has a norm with one value per channel.</exception>
    /// <exception cref="SizeException">The batch is too large to be compiled.</exception>
    /// <exception cref="UnsupportedPrecisionException">The device lacks the plan's precision.</exception>
    public Plan(ParameterStore parameters, PlanOptions options)
    {
        if (options.Images < 1) throw new GpuCnnException($"A plan expects a batch of at least 1 image, but got {options.Images}.");
        if (options.Accumulate < 1)
            throw new GpuCnnException($"A plan expects to accumulate at least 1 batch for an update, but got {options.Accumulate}.");
        if (options.Training && !parameters.IsTraining)
            throw new ArgumentException("The parameters were created without gradients, for inference only.", nameof(parameters));
        Parameters = parameters;
        Options = options;
        Network network = parameters.Network;
        CheckSize(network, options.Images);
        if (options.Training && options.Loss is null) throw new ArgumentException("A plan that trains expects a loss.", nameof(options));
        options.Loss?.CheckOutput(network.Output.Shape);
        if (options.Loss?.ClassWeights is { } weights && weights.Count != network.Output.Shape.Count)
            throw new ArgumentException(
                $"{network.Name} has {network.Output.Shape} outputs, but got weights of {weights.Count} classes.", nameof(options));
        if (options.MixedLabels && options.Loss is not { TakesMixedLabels: true })
            throw new ArgumentException(
                $"{options.Loss?.GetType().Name ?? "A plan without a loss"} takes one label per image.", nameof(options));
        if (options.ExposesValues && options.Training)
            throw new ArgumentException("A plan that keeps its values infers; it does not train.", nameof(options));
        if (options.GradientOf is { } asked && Root(asked, training: false) is var root
            && (root == network.Graph.Input || !Graph.Leading(network.Output).Contains(root.Producer!)))
            throw new ArgumentException("The gradient is asked for a value that no layer before the output computes.", nameof(options));
        List<PlanNode> nodes = PlanNode.Fuse(network, options.Training, fuses: !options.ExposesValues);
        _nodes = nodes;
        _singleValue = options.Training ? SingleValueException.FindNorm(nodes) : null;
        CheckValues(options.Images);
        if (options is { Training: true, Optimizer: { } keeping }) parameters.AddSlots(keeping.Slots);
        if (options.AverageDecay > 0 || options.ReadsAverages) parameters.KeepAverages();
        _backend = parameters.CreateBackend(options);

        if (!options.ExposesValues) _backend.Slices = Slice.Find(nodes, network.Outputs(options.Training), _backend.CanStore);
        _backend.AddInput(network.Graph.Input);
        int forward = _backend.StepCount;
        Note(StepPass.Forward, null, 0);
        foreach (PlanNode node in nodes)
        {
            int first = _backend.StepCount;
            _backend.AddForward(node);
            Note(StepPass.Forward, node, first);
        }
        int loss = _backend.StepCount;
        if (options.Loss is { } criterion)
        {
            _backend.AddLoss(criterion, new Head(network.Output, 1), isHead: false, options.Training);
            foreach (Head head in options.Training ? network.Graph.Heads : [])
                _backend.AddLoss(criterion, head, isHead: true, gradient: true);
        }
        Note(StepPass.Loss, null, loss);
        int backward = _backend.StepCount;
        if (options.Training) AddBackward(nodes, network);
        else if (options.GradientOf is { } value) AddBackward(nodes, network, Root(value, training: false));
        int gradients = _backend.StepCount;
        if (options is { Training: true, Accumulate: > 1 }) _backend.AddAccumulation();
        int update = _backend.StepCount;
        if (options is { Training: true, Optimizer: { } optimizer }) _backend.AddUpdate(optimizer);
        if (options is { Training: true, AverageDecay: > 0 and var decay }) _backend.AddAverage(decay);
        Note(StepPass.Update, null, gradients);
        Passes = new(forward, loss, backward, update, _backend.StepCount);
        if (options is { Training: true, Ranks.IsAlone: false })
            _buckets = GradientBuckets.Of(_backend.UpdateOrder, _backend.Steps.Take(update), options.BucketBytes);
        if (options.KeepsBuffers)
        {
            foreach (PlanBuffer buffer in _backend.Buffers)
            {
                buffer.UseAt(0);
                buffer.UseAt(_backend.StepCount);
            }
        }
        ArenaBytes = MemoryPlan.Assign(_backend.Buffers, _backend.StepCount, _backend.SlabBytes);
        MemoryPlan.Check(_backend.Buffers, _backend.Steps);
    }

    public ParameterStore Parameters { get; }

    public PlanOptions Options { get; }

    /// <summary>Names of the steps, in order.</summary>
    internal IReadOnlyList<string> Steps => [.. _backend.Steps.Select(step => step.Name)];

    /// <summary>Pieces of the gradients that ranks sum; none where there is one rank.</summary>
    internal IReadOnlyList<GradientBucket> Buckets => _buckets;

    /// <summary>The sums of the pieces; null before the first step, and where there is one rank.</summary>
    internal GradientSums? Sums => _sums;

    /// <summary>The memory that each step uses.</summary>
    internal IReadOnlyList<PlanStep> StepUses => _backend.Steps;

    /// <summary>Steps for which the device has several algorithms, and the chosen ones.</summary>
    public IReadOnlyList<PlanChoice> Choices => _backend.Choices;

    /// <summary>What the steps are for: all steps, in order.</summary>
    internal IReadOnlyList<PlanPart> Parts => _parts;

    /// <summary>First step of each pass.</summary>
    internal PlanPasses Passes { get; }

    /// <summary>Bytes of the arena that each layer uses, in order of execution. Views and what is fused have no row.</summary>
    public IReadOnlyList<LayerMemory> LayerMemory => Plans.LayerMemory.Of(Parts, _backend.Steps);

    /// <summary>Bytes of activations, gradients and scratch.</summary>
    public long ArenaBytes { get; }

    /// <summary>Bytes on the device while this plan runs: the arena, the parameters, and their gradients and slots.</summary>
    public long TotalBytes => ArenaBytes + Parameters.Bytes;

    public void Dispose()
    {
        _sums?.Dispose();
        _sums = null;
        _clock?.Dispose();
        _clock = null;
        _backend.Dispose();
    }

    /// <summary>Checks that the device has free memory for this plan. It allocates nothing.</summary>
    /// <exception cref="DeviceOutOfMemoryException">It does not; the exception names the largest batch that fits.</exception>
    public void CheckMemory()
    {
        IMemorySource source = Parameters.Memory;
        if (source.FreeBytes is not { } free) return;
        long needed = (_linked ? 0 : ArenaBytes) + Parameters.UnallocatedBytes;
        if (needed > free) throw OutOfMemory(free, needed, null);
    }

    /// <summary>
    /// Returns what each kernel of each step takes of the device, as its driver reports it; nothing where it does not. Allocates the
    /// plan's memory if nothing has run yet.
    /// </summary>
    internal IReadOnlyList<(PlanStep Step, KernelResources Kernel)> ReadKernelResources()
    {
        if (!_linked) Link();
        return [.. _backend.KernelResources.Select(entry => (StepUses[entry.Step], entry.Kernel))];
    }

    private void Link()
    {
        Parameters.CheckInitialized();
        try
        {
            _backend.Link(ArenaBytes);
            if (_buckets.Count > 0) _sums = _backend.CreateSums(_buckets);
            _losses = new float[Options.Images];
            _ranks = new int[Options.Images];
            for (int i = 0; i < _open.Length; i++) _open[i] = new(Options.Images, Options.Accumulate);
            _linked = true;
        }
        catch (DeviceOutOfMemoryException exception)
        {
            IMemorySource source = Parameters.Memory;
            long free = source.FreeBytes ?? exception.FreeBytes ?? Math.Max(0, source.MemoryBytes - source.AllocatedBytes);
            throw OutOfMemory(free, ArenaBytes, exception);
        }
        catch (OverflowException)
        {
            throw TooLarge(Parameters.Network, Options.Images, Math.Max(1, Options.Images / 2));
        }
    }

    private DeviceOutOfMemoryException OutOfMemory(long free, long needed, DeviceOutOfMemoryException? cause)
    {
        int largest = LargestBatch(free);
        string fits = largest > 0 ? $"the largest batch that fits is {largest}" : "not even a batch of 1 fits";
        return new DeviceOutOfMemoryException(
            $"{(Options.Training ? "Training" : "Running")} {Parameters.Network.Name} at a batch of {Options.Images} needs "
            + $"{MiB(TotalBytes)} on {Parameters.Memory.Name} ({MiB(ArenaBytes)} for the batch, {MiB(Parameters.Bytes)} for parameters), "
            + $"but {MiB(free)} are free: {fits}.{(cause is null ? "" : $" ({cause.Message})")}", needed, free)
        {
            LargestBatch = largest,
        };

        static string MiB(long bytes) => $"{bytes / 1048576.0:F0} MiB";
    }

    /// <summary>Refuses batches whose positions an index cannot count, or whose values would be terabytes.</summary>
    private static void CheckSize(Network network, int images)
    {
        int positions = network.Input.Area;
        long values = network.Input.Count;
        foreach (Node node in network.Graph.Nodes)
        {
            positions = Math.Max(positions, node.Output.Shape.Area);
            values += node.Output.Shape.Count;
        }
        long largest = Math.Min(int.MaxValue / positions, MostValues / values);
        if (images > largest) throw TooLarge(network, images, largest);
    }

    private static SizeException TooLarge(Network network, int images, long largest) => new(
        $"{network.Name} for an input of {network.Input} cannot be compiled for a batch of {images}: "
        + (largest > 0 ? $"expected at most {largest}." : "an image alone is too large."));

    /// <summary>
    /// Returns the largest smaller batch whose arena fits in <paramref name="free"/> bytes, or 0. It compiles plans to find out, which
    /// allocates nothing.
    /// </summary>
    internal int LargestBatch(long free)
    {
        int least = _singleValue is null || Options.NormRanks > 1 ? 1 : 2, fits = 0, tooMany = Options.Images;
        long fitting = 0, exceeding = ArenaBytes;
        bool halves = false;
        while (tooMany - Math.Max(fits, least - 1) > 1)
        {
            // The bytes grow nearly in proportion, so a line between the ends meets the limit near the answer; halving bounds the number
            // of tries.
            double share = exceeding > free && free > fitting ? (double)(free - fitting) / (exceeding - fitting) : 0.5;
            int next = halves ? (fits + tooMany) / 2 : fits + Math.Clamp((int)(share * (tooMany - fits)), 1, tooMany - fits - 1);
            int images = Math.Max(least, next);
            halves = !halves;
            using var plan = new Plan(Parameters, Options with { Images = images });
            if (plan.ArenaBytes <= free && plan._backend.Buffers.All(buffer => buffer.Bytes <= plan._backend.SlabBytes))
                (fits, fitting) = (images, plan.ArenaBytes);
            else (tooMany, exceeding) = (images, plan.ArenaBytes);
        }
        return fits;
    }

    /// <summary>Notes what the steps from <paramref name="first"/> on are for.</summary>
    private void Note(StepPass pass, PlanNode? node, int first)
    {
        if (first < _backend.StepCount) _parts.AddRange(PlanPart.Split(pass, node, first, _backend.Steps));
    }

    private void AddBackward(List<PlanNode> nodes, Network network)
    {
        // The losses write the gradients of the outputs.
        var written = network.Outputs(Options.Training).Select(output => Root(output, Options.Training)).ToHashSet();
        for (int i = nodes.Count - 1; i >= 0; i--)
        {
            PlanNode node = nodes[i];
            var uses = new GradientUse[node.Inputs.Count];
            for (int input = 0; input < uses.Length; input++)
            {
                Value root = Root(node.Inputs[input], Options.Training);
                bool needed = root == network.Graph.Input ? Options.InputGradient : HasParametersBefore(root);
                uses[input] = !needed ? GradientUse.None : written.Add(root) ? GradientUse.Write : GradientUse.Add;
            }
            if (uses.Any(use => use != GradientUse.None) || Options.Trains(node.Node)) AddBackward(node, uses);
        }

        bool HasParametersBefore(Value value) => Options.InputGradient
            || (value.Producer is { } producer && (Options.Trains(producer) || producer.Inputs.Any(HasParametersBefore)));
    }

    /// <summary>
    /// Adds the backward pass from the output, whose gradient is given, to one value: of the nodes that depend on it, and no parameters.
    /// </summary>
    private void AddBackward(List<PlanNode> nodes, Network network, Value target)
    {
        _backend.AddGivenOutputGradient();
        HashSet<Value> dependent = [target];
        foreach (PlanNode node in nodes)
            if (node.Inputs.Any(input => dependent.Contains(Root(input, training: false)))) dependent.Add(node.Output);
        HashSet<Value> written = [Root(network.Output, training: false)];
        for (int i = nodes.Count - 1; i >= 0; i--)
        {
            PlanNode node = nodes[i];
            if (node.Output == target || !dependent.Contains(node.Output)) continue;
            var uses = new GradientUse[node.Inputs.Count];
            for (int input = 0; input < uses.Length; input++)
            {
                Value root = Root(node.Inputs[input], training: false);
                uses[input] = !dependent.Contains(root) ? GradientUse.None : written.Add(root) ? GradientUse.Write : GradientUse.Add;
            }
            AddBackward(node, uses);
        }
    }

    private void AddBackward(PlanNode node, GradientUse[] uses)
    {
        int first = _backend.StepCount;
        _backend.AddBackward(node, uses);
        Note(StepPass.Backward, node, first);
    }

    /// <summary>Returns the value that owns the storage of a view, or the value itself.</summary>
    internal static Value Root(Value value, bool training)
    {
        while (value.Producer is { } producer && producer.Operator.IsView(training)) value = producer.Inputs[0];
        return value;
    }
}
