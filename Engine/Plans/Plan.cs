using System.Diagnostics;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels;
using GpuCnn.Kernels.Optimizers;

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
public sealed class Plan : IDisposable
{
    /// <summary>Values of a batch beyond which sums of bytes could overflow.</summary>
    private const long MostValues = 1L << 42;

    private readonly PlanBackend _backend;
    // Of one image each. Allocated with the arena.
    private float[] _losses = [];
    private int[] _ranks = [];
    private int[] _labels = [];
    private readonly IReadOnlyList<PlanNode> _nodes;
    private readonly List<PlanPart> _parts = [];
    private readonly PlanNode? _singleValue;
    private bool _linked;

    /// <exception cref="SingleValueException">A plan that trains has a norm with one value per channel.</exception>
    /// <exception cref="SizeException">The batch is too large to be compiled.</exception>
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

    /// <summary>
    /// Runs forward, backward and update. Allocates nothing after the first call. The batch has the images of all batches that are
    /// accumulated; layers that draw random numbers draw others in each.
    /// </summary>
    /// <param name="step">Step of the run, from 0; it and the seed determine the random numbers.</param>
    /// <param name="next">
    /// Returns the batch of the next call, which must not change until then, or null. Called while the steps run, where images can be
    /// brought to the device meanwhile (<see cref="PlanOptions.UploadsAhead"/>). <paramref name="batch"/> may change in it.
    /// </param>
    public BatchResult Train(Batch batch, float learningRate, ulong seed, ulong step, Func<Batch?>? next = null)
    {
        if (!Options.Training) throw new InvalidOperationException("The plan was compiled for inference, not for training.");
        StepScalars scalars = ScalarsOf(batch, seed, step) with { LearningRate = learningRate, UpdatesState = 1 };
        return RunAccumulated(batch, scalars, Passes.End, next);
    }

    /// <summary>
    /// Runs all steps with an update at a rate of 0, one step at a time, and measures the seconds of each. It changes no weights, but the
    /// optimizer's slots.
    /// </summary>
    internal void RunTimed(Batch batch, Span<double> seconds)
    {
        UploadTimed(batch);
        for (int step = 0; step < Passes.End; step++) seconds[step] = Time(step, step + 1);
    }

    /// <summary>Runs the same without a wait between steps, and returns the seconds of all.</summary>
    internal double RunWhole(Batch batch)
    {
        UploadTimed(batch);
        return Time(0, Passes.End);
    }

    private StepScalars ScalarsOf(Batch batch, ulong seed = 0, ulong step = 0) => new()
    {
        Seed = seed,
        Step = step,
        Images = batch.Count,
        AllImages = Options.AllImages ?? batch.Count,
        FirstImage = Options.FirstImage,
    };

    private void UploadTimed(Batch batch)
    {
        Prepare(batch, Options.Images);
        StepScalars scalars = ScalarsOf(batch);
        _backend.Upload(batch, 0, scalars);
        _backend.UploadUpdate(scalars, new GradientPart { Share = 1 });
        _backend.Finish();
    }

    private double Time(int first, int last)
    {
        long start = Stopwatch.GetTimestamp();
        _backend.Run(first, last);
        _backend.Finish();
        // At least one tick, so that a rate is finite.
        return Math.Max(1, Stopwatch.GetTimestamp() - start) / (double)Stopwatch.Frequency;
    }

    /// <summary>Runs forward and backward without an update. The gradients stay in the parameter store.</summary>
    public BatchResult ComputeGradients(Batch batch, ulong seed = 0, ulong step = 0)
    {
        if (!Options.Training) throw new InvalidOperationException("The plan was compiled for inference, not for training.");
        return RunAccumulated(batch, ScalarsOf(batch, seed, step) with { UpdatesState = 1 }, Passes.Update, next: null);
    }

    /// <summary>Runs the forward pass and the loss of labelled images. Changes neither weights nor state.</summary>
    /// <inheritdoc cref="Train" path="/param[@name='next']"/>
    public BatchResult Evaluate(Batch batch, ulong seed = 0, ulong step = 0, Func<Batch?>? next = null)
    {
        if (Options.Loss is null) throw new InvalidOperationException("The plan was compiled without a loss, for inference.");
        Prepare(batch, Options.Images);
        return Run(batch, 0, ScalarsOf(batch, seed, step), Passes.Backward, next);
    }

    /// <summary>
    /// Runs only the forward pass, on images with or without labels; <see cref="ReadOutput"/> gets the result. Changes neither weights nor
    /// state.
    /// </summary>
    public void Infer(Batch batch)
    {
        Prepare(batch, Options.Images);
        _backend.Upload(batch, 0, ScalarsOf(batch));
        _backend.Run(0, Passes.Loss);
    }

    /// <summary>Reads the network's output for the last batch: [Images, features], or of a volume [Images, H, W, C].</summary>
    public void ReadOutput(Span<float> target) => _backend.DownloadValue(Parameters.Network.Output, target);

    /// <summary>Reads what an operator gave for the last batch: [Images, C, H, W], or [Images, features] of vectors.</summary>
    /// <param name="value">The network's input, or the output of a node that the network's output depends on.</param>
    /// <exception cref="InvalidOperationException">The plan keeps no values (<see cref="PlanOptions.KeepsValues"/>).</exception>
    public Tensor ReadValue(Value value)
    {
        if (!Options.ExposesValues) throw new InvalidOperationException("The plan was compiled without keeping its values.");
        return Read(value.Shape, target => _backend.DownloadValue(value, target));
    }

    /// <summary>
    /// Runs the forward pass, and the backward pass of one logit of each image, down to the value that the options name;
    /// <see cref="ReadGradient"/> gets the result.
    /// </summary>
    /// <param name="classes">Index of a class for each image of the batch.</param>
    public void Differentiate(Batch batch, ReadOnlySpan<int> classes)
    {
        if (Options.GradientOf is null) throw new InvalidOperationException("The plan was compiled without the gradient of a value.");
        if (classes.Length != batch.Count)
            throw new ArgumentException($"Expected a class for each of {batch.Count} images, but got {classes.Length}.", nameof(classes));
        Prepare(batch, Options.Images);
        _backend.Upload(batch, 0, ScalarsOf(batch));
        _backend.UploadOutputGradient(classes);
        _backend.Run(0, Passes.Update);
    }

    /// <summary>
    /// Reads the gradient of <see cref="PlanOptions.GradientOf"/> for the last batch of <see cref="Differentiate"/>, in the order of
    /// <see cref="ReadValue"/>.
    /// </summary>
    public Tensor ReadGradient() => Options.GradientOf is { } value
        ? Read(value.Shape, target => _backend.DownloadGradient(value, target))
        : throw new InvalidOperationException("The plan was compiled without the gradient of a value.");

    /// <summary>
    /// Reads the gradient of the network's input for the last batch, in the order of <see cref="Batch.Images"/>. Needs
    /// <see cref="PlanOptions.InputGradient"/>.
    /// </summary>
    public void ReadInputGradient(Span<float> target)
    {
        if (!Options.InputGradient) throw new InvalidOperationException("The plan was compiled without the gradient of its input.");
        _backend.DownloadGradient(Parameters.Network.Graph.Input, target);
    }

    /// <summary>
    /// Returns the first operator in order of execution whose output for the last batch holds NaN or an infinity; null if there is none. In
    /// a plan that keeps its buffers.
    /// </summary>
    internal PlanNode? FirstNonFinite()
    {
        if (!_linked || !Options.KeepsBuffers)
            throw new InvalidOperationException("Only a plan that keeps its buffers and has run knows what its operators gave.");
        foreach (PlanNode node in _nodes)
        {
            Value output = node.Output;
            // A branch of a concatenation is stored as some channels of the whole.
            Slice? slice = _backend.Slices.GetValueOrDefault(output);
            Value stored = slice?.Whole ?? output;
            var values = new float[Options.Images * stored.Shape.Count];
            _backend.DownloadValue(stored, values);
            int first = slice?.FirstChannel ?? 0, channels = output.Shape.Channels, whole = stored.Shape.Channels;
            for (int pixel = 0; pixel < values.Length; pixel += whole)
                if (NonFiniteTensor.IndexIn(values.AsSpan(pixel + first, channels)) >= 0) return node;
        }
        return null;
    }

    /// <summary>Runs steps [first, last) again on the results of the last batch, in a plan that keeps its buffers.</summary>
    internal void Repeat(int first, int last)
    {
        if (!_linked || !Options.KeepsBuffers)
            throw new InvalidOperationException("Only a plan that keeps its buffers and has run can repeat steps.");
        _backend.Run(first, last);
    }

    /// <summary>Waits for the steps of <see cref="Repeat"/>.</summary>
    internal void Finish() => _backend.Finish();

    public void Dispose() => _backend.Dispose();

    /// <summary>Refuses to train on one image where a norm has one value per channel of it.</summary>
    private void CheckValues(int images)
    {
        if (images == 1 && _singleValue is { } norm) throw new SingleValueException(norm);
    }

    private void Prepare(Batch batch, int images)
    {
        if (batch.Shape.Count != Parameters.Network.Input.Count || batch.Capacity != images)
            throw new ArgumentException(
                $"The plan is for {images} images of {Parameters.Network.Input}, but got {batch.Capacity} of {batch.Shape}.",
                nameof(batch));
        if (!_linked) Link();
    }

    /// <summary>Runs all batches of an update, with the update's own steps after the last.</summary>
    private BatchResult RunAccumulated(Batch batch, in StepScalars scalars, int lastStep, Func<Batch?>? next)
    {
        int size = Options.Images, parts = Math.Max(1, (batch.Count + size - 1) / size);
        Prepare(batch, size * Options.Accumulate);
        CheckValues(batch.Count - (parts - 1) * size);
        var total = new BatchResult(0, 0, 0, 0);
        for (int part = 0; part < parts; part++)
        {
            StepScalars own = scalars;
            own.Step = scalars.Step * (ulong)Options.Accumulate + (ulong)part;
            own.Images = Math.Min(size, scalars.Images - part * size);
            own.AllImages = Options.AllImages ?? own.Images;
            var share = new GradientPart { Share = (float)own.Images / Math.Max(1, scalars.Images), Continues = part > 0 ? 1 : 0 };
            _backend.UploadUpdate(scalars, share);
            BatchResult result = part < parts - 1
                ? Run(batch, part * size, own, Passes.Update, batch, (part + 1) * size)
                : Run(batch, part * size, own, lastStep, next);
            total = new(total.Images + result.Images, total.LossSum + result.LossSum, total.Top1 + result.Top1, total.Top5 + result.Top5);
        }
        return total;
    }

    /// <param name="first">Index of the first image in the batch.</param>
    /// <param name="next">Returns the batch of the next run, or null.</param>
    private BatchResult Run(Batch batch, int first, in StepScalars scalars, int lastStep, Func<Batch?>? next)
    {
        Begin(batch, first, scalars, lastStep);
        if (_backend.UploadsAhead && next?.Invoke() is { } following && following.Capacity == Options.Images * Options.Accumulate)
            _backend.UploadAhead(following, 0);
        return End(scalars.Images);
    }

    /// <param name="next">The batch of the next run, and its first image there.</param>
    private BatchResult Run(Batch batch, int first, in StepScalars scalars, int lastStep, Batch next, int nextFirst)
    {
        Begin(batch, first, scalars, lastStep);
        if (_backend.UploadsAhead) _backend.UploadAhead(next, nextFirst);
        return End(scalars.Images);
    }

    private void Begin(Batch batch, int first, in StepScalars scalars, int lastStep)
    {
        _backend.Upload(batch, first, scalars);
        batch.Labels.AsSpan(first, Options.Images).CopyTo(_labels);
        _backend.Run(0, lastStep);
    }

    private BatchResult End(int count)
    {
        _backend.DownloadLosses(_losses, _ranks);
        double sum = 0;
        int images = 0, top1 = 0, top5 = 0;
        for (int image = 0; image < count; image++)
        {
            // An image without a label could not be read and does not count.
            if (_labels[image] < 0) continue;
            images++;
            sum += _losses[image];
            if (_ranks[image] < 1) top1++;
            if (_ranks[image] < 5) top5++;
        }
        return new(images, sum, top1, top5);
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

    private void Link()
    {
        Parameters.CheckInitialized();
        try
        {
            _backend.Link(ArenaBytes);
            _losses = new float[Options.Images];
            _ranks = new int[Options.Images];
            _labels = new int[Options.Images];
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
        int least = _singleValue is null ? 1 : 2, fits = 0, tooMany = Options.Images;
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

    /// <summary>Reads values of a batch, which come channels-last, as a tensor.</summary>
    private Tensor Read(Shape shape, Action<float[]> download)
    {
        int images = Options.Images, channels = shape.Channels, area = shape.Area;
        if (shape.IsVector)
        {
            var vectors = new Tensor(images, shape.Count);
            download(vectors.Values);
            return vectors;
        }
        var volumes = new Tensor(images, channels, shape.Height, shape.Width);
        var channelsLast = new float[volumes.Values.Length];
        download(channelsLast);
        for (int image = 0; image < images; image++)
        {
            int first = image * shape.Count;
            for (int i = 0; i < shape.Count; i++)
                volumes.Values[first + i % channels * area + i / channels] = channelsLast[first + i];
        }
        return volumes;
    }

    /// <summary>Returns the value that owns the storage of a view, or the value itself.</summary>
    internal static Value Root(Value value, bool training)
    {
        while (value.Producer is { } producer && producer.Operator.IsView(training)) value = producer.Inputs[0];
        return value;
    }
}
