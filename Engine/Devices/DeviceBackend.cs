using System.Diagnostics;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Devices.Gpu;
using GpuCnn.Engine.Distributed;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Plans;
using GpuCnn.Kernels;
using GpuCnn.Kernels.Cpu;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Layout;
using GpuCnn.Kernels.Optimizers;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Engine.Devices;

/// <summary>
/// Turns a plan into steps: the common part of the CPU's and the GPUs' backends. It owns values, gradients, saved buffers and moments; a
/// derived class adds layout, memory and launches.
/// </summary>
internal abstract class DeviceBackend : PlanBackend
{
    private readonly PlanOptions _options;
    private readonly TensorTable _values, _gradients;

    // Values that losses and callers read, as they are stored.
    private readonly HashSet<Value> _outputs;
    private readonly Dictionary<Value, Moments> _moments = [];
    private readonly Dictionary<(Node, string), object> _saved = [];
    private readonly LossBuffers? _loss;
    private readonly DeviceBuffer<GradientPart>? _part;
    private readonly DeviceBuffer<StepScalars>? _updateScalars, _headScalars;
    private readonly float[] _classWeights = [];

    // The batch's images, filled by Upload. Set by AddInput.
    private DeviceBuffer<float>? _images;

    // Losses and ranks of each slot, where they are read as soon as they are computed.
    private readonly (float[] Losses, int[] Ranks)[] _read = [];

    // A tensor in the device's layout, reused between downloads.
    private float[] _stored = [];

    // The output's gradient in the device's layout, where the caller gives it.
    private float[] _outputGradient = [];

    protected DeviceBackend(DeviceParameterStore parameters, PlanOptions options)
    {
        if (options is { NormRanks: > 1, AllImages: null })
            throw new ArgumentException("Norms over all ranks expect the number of images of all ranks.", nameof(options));
        _options = options;
        Parameters = parameters;
        _outputs = [.. parameters.Network.Graph.Heads.Select(head => head.Output).Append(parameters.Network.Output)
            .Select(output => Plan.Root(output, options.Training))];
        _values = new(this);
        _gradients = new(this);
        Scalars = NewBuffer<StepScalars>("scalars", 1, persistent: true);
        // An update's scalars are those of its batch, unless it has several batches or several rates.
        if (options.Accumulate > 1)
        {
            _part = NewBuffer<GradientPart>("part", 1, persistent: true);
            _updateScalars = NewBuffer<StepScalars>("update scalars", 1, persistent: true);
        }
        if (options.HeadRate != 1) _headScalars = NewBuffer<StepScalars>("head scalars", 1, persistent: true);
        UpdateOrder = parameters.Order.For(options);
        if (options.Loss is null) return;
        _classWeights = [.. options.Loss.ClassWeights ?? []];
        _loss = new(
            PerImage<int>("labels"), options.MixedLabels ? PerImage<int>("other labels") : null,
            options.MixedLabels ? PerImage<float>("shares") : null,
            options.Loss.ClassWeights is null ? null : NewBuffer<float>("class weights", _classWeights.Length, persistent: true),
            _classWeights.Sum(), PerImage<float>("losses"), PerImage<int>("ranks"));
        _read = new (float[], int[])[MostOpen * options.Accumulate];
    }

    public int Images => _options.Images;

    public bool Training => _options.Training;

    /// <inheritdoc cref="PlanOptions.SavesForBackward"/>
    public bool SavesForBackward => _options.SavesForBackward;

    /// <inheritdoc cref="PlanOptions.NormRanks"/>
    public int NormRanks => _options.NormRanks;

    /// <summary>[1]</summary>
    public DeviceBuffer<StepScalars> Scalars { get; }

    public Network Network => Parameters.Network;

    /// <summary>Order of the parameters that the plan trains, with their rates.</summary>
    public override ParameterOrder UpdateOrder { get; }

    protected DeviceParameterStore Parameters { get; }

    protected bool HasLoss => _loss is not null;

    /// <summary>[images] the network's loss of each image.</summary>
    protected DeviceBuffer<float> Losses => _loss!.Losses;

    /// <summary>[images] the rank of each image's class among its outputs.</summary>
    protected DeviceBuffer<int> Ranked => _loss!.Ranks;

    /// <summary>The batch's images, which an upload fills.</summary>
    protected DeviceBuffer<float> Input => _images!;

    protected IReadOnlyDictionary<string, string>? Algorithms => _options.Algorithms;

    protected Precision Precision => _options.Precision;

    /// <inheritdoc cref="PlanOptions.ReadsAverages"/>
    protected bool ReadsAverages => _options.ReadsAverages;

    /// <inheritdoc cref="PlanOptions.Ranks"/>
    public Communicator Ranks => _options.Ranks;

    public override void AddInput(Value input)
    {
        long count = (long)Images * input.Shape.Count;
        TensorLayout layout = LayOut(input);
        if (layout.ChannelsLast)
        {
            // As batches are: what is uploaded is the input.
            _images = IsKept(input) ? NewBuffer<float>("input", count, persistent: true) : NewUploaded<float>("input", count);
            _values.Place(input, new(_images, layout, Images));
            return;
        }
        DeviceBuffer<float> images = _images = NewUploaded<float>("images", count);
        DeviceTensor x = _values.Place("input", input, persistent: _options.InputGradient || IsKept(input));
        AddToBlocks("input", images, x);
    }

    public override void AddForward(PlanNode node)
    {
        _values.Place(node.Name, node.Output, IsKept(node.Output));
        IDeviceOperator.Of(node.Node.Operator).EmitForward(CreateEmitter(node, []));
    }

    public override void AddLoss(ILoss loss, Head output, bool isHead, bool gradient)
    {
        DeviceTensor x = Value(output.Output);
        DeviceTensor? dx = gradient ? GradientOf(output.Output) : null;
        if (!x.Shape.IsVector || x.Stored.Area == 1 || (x.ChannelsLast && x.Stored.Channels == 1))
        {
            Emit(x, dx);
            return;
        }
        // For a view of a volume, copy the classes into order, as a loss expects.
        DeviceTensor plain = NewVector("logits", x);
        DeviceTensor? plainGradient = dx is null ? null : NewVector("logits gradient", x);
        AddToPlanes("logits", x, plain.Elements);
        Emit(plain, plainGradient);
        if (dx is not null && plainGradient is not null) AddFromPlanes("logits gradient", plainGradient.Elements, dx);

        void Emit(DeviceTensor logits, DeviceTensor? logitsGradient) =>
            IDeviceLoss.Of(loss).Emit(new LossEmitter(this, _loss!, logits, logitsGradient, output.Weight, isHead));
    }

    public override void AddBackward(PlanNode node, IReadOnlyList<GradientUse> inputs)
    {
        var targets = new InputGradient[inputs.Count];
        for (int i = 0; i < targets.Length; i++)
        {
            if (inputs[i] == GradientUse.None) continue;
            if (inputs[i] == GradientUse.Write && PassesGradient(node, i)) ShareGradient(node.Output, node.Inputs[i]);
            DeviceTensor gradient = GradientOf(node.Inputs[i]);
            bool isSum = inputs[i] == GradientUse.Add, adds = isSum && CanAddGradients(node.Node.Operator);
            targets[i] = new(isSum && !adds
                ? NewTensor($"{node.Name} gradient part", gradient.Layout, gradient.IsBFloat16) : gradient, adds);
        }
        IDeviceOperator.Of(node.Node.Operator).EmitBackward(CreateEmitter(node, targets));
        for (int i = 0; i < targets.Length; i++)
        {
            if (inputs[i] != GradientUse.Add || targets[i].Adds) continue;
            DeviceTensor total = GradientOf(node.Inputs[i]), part = targets[i].Tensor!;
            AddSum($"{node.Name} gradient sum", part, total);
        }
    }

    public override unsafe void AddAccumulation()
    {
        ParameterRange range = UpdateOrder.Whole;
        if (range.Count == 0) return;
        var gradients = new DeviceBuffer<float>(new ParameterMemory(ParameterMemory.Gradients, range.First, range.Count), range.Count);
        DeviceBuffer<float> sums = NewBuffer<float>("accumulated gradients", range.Count, persistent: true);
        Launch("accumulate",
            l => new CpuAccumulateGradients(l.Read(_part), l.Update(gradients), l.Update(sums), range.Count),
            l => l.Add(new AccumulateGradients(l.Read(_part), l.Update(gradients), l.Update(sums), (int)range.Count)));
    }

    public override void AddAverage(float decay)
    {
        long vectors = UpdateOrder.StateVectors;
        Add("average", ParameterMemory.Weights, ParameterMemory.Averages, 0, UpdateOrder.Count, 1 - decay);
        Add("average states", ParameterMemory.States, ParameterMemory.AverageStates, 0, vectors, 1 - decay);
        // A counter has no mean that means anything.
        Add("copy counters", ParameterMemory.States, ParameterMemory.AverageStates, vectors, UpdateOrder.StateCount - vectors, 1);

        unsafe void Add(string name, string from, string to, long first, long count, float share)
        {
            if (count == 0) return;
            var weights = new DeviceBuffer<float>(new ParameterMemory(from, first, count), count);
            var averages = new DeviceBuffer<float>(new ParameterMemory(to, first, count), count);
            DeviceBuffer<StepScalars> scalars = UpdateScalars(isHead: false);
            Launch(name,
                l => new CpuAverageWeights(l.Read(scalars), l.Read(weights), l.Update(averages), count, share),
                l => l.Add(new AverageWeights(l.Read(scalars), l.Read(weights), l.Update(averages), (int)count, share)));
        }
    }

    public override void AddUpdate(IOptimizer optimizer) => IDeviceOptimizer.Of(optimizer).EmitUpdate(new(this, optimizer));

    public override void Upload(Batch batch, int first, in StepScalars scalars)
    {
        Write(Scalars, new ReadOnlySpan<StepScalars>(in scalars));
        UploadImages(_images!, batch, first);
        if (_loss is null) return;
        if (_loss.ClassWeights is { } weights) Write<float>(weights, _classWeights);
        Write<int>(_loss.Labels, batch.Labels.AsSpan(first, Images));
        if (_loss.Others is { } others) Write<int>(others, batch.Others.AsSpan(first, Images));
        if (_loss.Shares is { } shares) Write<float>(shares, batch.Shares.AsSpan(first, Images));
    }

    public override void UploadUpdate(in StepScalars scalars, in GradientPart part)
    {
        if (_part is not null) Write(_part, new ReadOnlySpan<GradientPart>(in part));
        if (_updateScalars is not null) Write(_updateScalars, new ReadOnlySpan<StepScalars>(in scalars));
        if (_headScalars is null) return;
        StepScalars head = scalars;
        head.LearningRate *= _options.HeadRate;
        Write(_headScalars, new ReadOnlySpan<StepScalars>(in head));
    }

    public override void RunToLosses(int first, int last, int slot)
    {
        Run(first, last);
        if (_read[slot].Losses is null) _read[slot] = (new float[Images], new int[Images]);
        Read<float>(Losses, _read[slot].Losses);
        Read<int>(Ranked, _read[slot].Ranks);
    }

    public override void DownloadLosses(int slot, Span<float> losses, Span<int> ranks)
    {
        _read[slot].Losses.CopyTo(losses);
        _read[slot].Ranks.CopyTo(ranks);
    }

    public override void DownloadValue(Value value, Span<float> target) => Download(Value(value), target);

    /// <summary>Reads the output of the last run, where only one batch is pending.</summary>
    public override void DownloadOutput(int slot, Span<float> target) => DownloadValue(Network.Output, target);

    public override void DownloadGradient(Value value, Span<float> target) => Download(GradientOf(value), target);

    public override void AddGivenOutputGradient()
    {
        DeviceTensor gradient = GradientOf(Network.Output);
        _outputGradient = new float[gradient.Count];
    }

    public override void UploadOutputGradient(ReadOnlySpan<int> classes)
    {
        DeviceTensor gradient = GradientOf(Network.Output);
        Array.Clear(_outputGradient);
        for (int image = 0; image < classes.Length; image++)
            _outputGradient[(long)image * gradient.CountPerImage + gradient.IndexOf(classes[image])] = 1;
        Write<float>(gradient.Elements, _outputGradient);
    }

    public DeviceTensor Value(Value value) =>
        _values.Find(value) ?? throw new InvalidOperationException("The value has not been computed.");

    /// <summary>Returns the gradient of a value; a view has its root's.</summary>
    public DeviceTensor GradientOf(Value value)
    {
        if (_gradients.Find(value) is { } gradient) return gradient;
        Value root = Plan.Root(value, Training);
        _gradients.Place("gradient", root, IsGradientRead(root));
        return _gradients.Find(value)!;
    }

    /// <summary>Whether a gradient is read after the run.</summary>
    private bool IsGradientRead(Value root) => _options.GradientOf is { } asked
        ? root == Plan.Root(asked, Training) || IsOutput(root)
        : _options.InputGradient && root == Network.Graph.Input;

    /// <summary>
    /// Places the gradient of a node's input, if nothing has written it yet, where that of its output lies, if both are stored alike.
    /// </summary>
    private void ShareGradient(Value output, Value input)
    {
        Value root = Plan.Root(input, Training);
        DeviceTensor gradient = GradientOf(output);
        bool isOwn = _gradients.Find(root) is null && !IsGradientRead(root) && !Slices.ContainsKey(root) && !gradient.IsSlice;
        if (isOwn && LayOut(root) == gradient.Layout && IsBFloat16(root) == gradient.IsBFloat16) _gradients.Place(root, gradient);
    }

    public DeviceParameter Parameter(Parameter parameter) => new(
        parameter, Parameters.LayoutOf(parameter), UpdateOrder.OffsetOf(parameter), _options.ReadsAverages);

    /// <summary>Whether the plan trains a parameter.</summary>
    public bool Trains(Parameter parameter) => _options.Trains(parameter);

    /// <summary>Whether the plan trains any parameter of a node.</summary>
    public bool Trains(Node node) => _options.Trains(node);

    /// <summary>Returns the scalars of an update, with the rate of the class layers or of the others.</summary>
    public DeviceBuffer<StepScalars> UpdateScalars(bool isHead) => (isHead ? _headScalars : null) ?? _updateScalars ?? Scalars;

    public DeviceBuffer<T> Saved<T>(Node node, string name, long count) where T : unmanaged
    {
        if (!_saved.TryGetValue((node, name), out object? buffer)) _saved[(node, name)] = buffer = NewBuffer<T>(name, count);
        return (DeviceBuffer<T>)buffer;
    }

    public Moments? FindMoments(Value value) => _moments.GetValueOrDefault(value);

    public void KeepMoments(Value value, Moments moments) => _moments[value] = moments;

    /// <summary>Whether a value and its gradient are stored as bfloat16: all but the network's input and outputs.</summary>
    public bool IsBFloat16(Value value) =>
        _options.Precision == Precision.BFloat16 && value != Network.Graph.Input && !_outputs.Contains(value);

    /// <summary>Names a problem of several algorithms, which each precision has of its own.</summary>
    protected string ProblemOf(string problem) =>
        _options.Precision == Precision.Float32 ? problem : $"{problem}, {_options.Precision.Name()}";

    /// <summary>Creates a tensor of the batch in the arena.</summary>
    public DeviceTensor NewTensor(string name, TensorLayout layout, bool isBFloat16, bool persistent = false)
    {
        long count = (long)Images * layout.CountPerImage;
        CheckCount(name, count);
        return new(NewBuffer<float>(name, StoredValues.Floats(count, isBFloat16), persistent), layout, Images) { IsBFloat16 = isBFloat16 };
    }

    /// <summary>Creates a buffer in the arena.</summary>
    public unsafe DeviceBuffer<T> NewBuffer<T>(string name, long count, bool persistent = false) where T : unmanaged
    {
        CheckCount(name, count);
        return new(NewBuffer(name, sizeof(T) * count, persistent), count);
    }

    /// <summary>Reserves arena memory that <see cref="Upload"/> fills before each run.</summary>
    private unsafe DeviceBuffer<T> NewUploaded<T>(string name, long count) where T : unmanaged
    {
        CheckCount(name, count);
        return new(NewUploadedBuffer(name, sizeof(T) * count), count);
    }

    /// <summary>Appends a step with the function for this kind of device.</summary>
    public abstract void Launch(string name, Func<CpuLaunch, ICpuKernel> cpu, Action<GpuLaunch> gpu);

    /// <summary>
    /// Appends a step that gathers a buffer of each rank on all of them, in the order of the ranks. It waits for the other ranks; a run of
    /// the step allocates nothing.
    /// </summary>
    /// <param name="own">[n], on each rank of the same length.</param>
    /// <param name="all">[ranks][n]; overwritten.</param>
    public abstract void AddExchange<T>(string name, DeviceBuffer<T> own, DeviceBuffer<T> all) where T : unmanaged;

    /// <summary>Returns how a value is stored.</summary>
    public abstract TensorLayout LayOut(Value value);

    /// <summary>Whether the value holds the network's output, which is read after the run.</summary>
    public bool IsOutput(Value value) => value == Plan.Root(Network.Output, Training);

    /// <summary>Whether the value is read after the run.</summary>
    public bool IsKept(Value value) => IsOutput(value) || _options.ExposesValues;

    protected abstract Emitter CreateEmitter(PlanNode node, InputGradient[] gradients);

    /// <summary>
    /// Whether the gradient of an input is that of the output, as the node finds it on this kind of device. The node leaves it as it is if
    /// it lies there (<see cref="Emitter.PassesGradient"/>).
    /// </summary>
    protected virtual bool PassesGradient(PlanNode node, int input) => false;

    /// <summary>Whether the operator can add to an input's gradient on this kind of device.</summary>
    protected virtual bool CanAddGradients(Operator layer) => false;

    /// <summary>Checks that a buffer can have this number of elements.</summary>
    protected virtual void CheckCount(string name, long count) { }

    /// <summary>Fills the plan's images from a batch.</summary>
    /// <param name="first">Index of the first image in the batch.</param>
    protected virtual void UploadImages(DeviceBuffer<float> images, Batch batch, int first)
    {
        int floats = batch.Shape.Count;
        Write<float>(images, batch.Images.AsSpan(first * floats, Images * floats));
    }

    protected abstract void Write<T>(DeviceBuffer<T> buffer, ReadOnlySpan<T> values) where T : unmanaged;

    protected abstract void Read<T>(DeviceBuffer<T> buffer, Span<T> values) where T : unmanaged;

    /// <summary>Reads a tensor's values for each image: a volume as [H, W, C], a vector in the order that operators see.</summary>
    private void Download(DeviceTensor tensor, Span<float> target)
    {
        if (IsPlain(tensor))
        {
            ReadValues(tensor, target[..(int)tensor.Count]);
            return;
        }
        if (_stored.Length != tensor.Count) _stored = new float[tensor.Count];
        ReadValues(tensor, _stored);
        Unpack(tensor, _stored, target);
    }

    /// <summary>Brings a tensor's values from the device's layout into the order of <see cref="DownloadValue"/>.</summary>
    protected static void Unpack(DeviceTensor tensor, ReadOnlySpan<float> stored, Span<float> target)
    {
        bool isVector = tensor.Shape.IsVector;
        if (IsPlain(tensor))
        {
            stored[..(int)tensor.Count].CopyTo(target);
            return;
        }
        int count = tensor.Shape.Count, channels = tensor.Shape.Channels, area = tensor.Shape.Area;
        for (int image = 0; image < tensor.Images; image++)
        {
            long first = (long)image * tensor.CountPerImage;
            for (int i = 0; i < count; i++)
                target[image * count + i] = stored[(int)(first + tensor.IndexOf(isVector ? i : i % channels * area + i / channels))];
        }
    }

    /// <summary>Whether the device's layout is the order that callers see.</summary>
    private static bool IsPlain(DeviceTensor tensor) => tensor.ChannelsLast && (!tensor.Shape.IsVector || tensor.Stored.Area == 1);

    private void ReadValues(DeviceTensor tensor, Span<float> values)
    {
        if (!tensor.IsBFloat16)
        {
            Read(tensor.Elements, values);
            return;
        }
        DeviceBuffer<BFloat16> elements = tensor.Elements.As<BFloat16>();
        BFloat16[] stored = new BFloat16[elements.Count];
        Read(elements, stored.AsSpan());
        for (int i = 0; i < values.Length; i++) values[i] = stored[i];
    }

    private DeviceBuffer<T> PerImage<T>(string name) where T : unmanaged => NewBuffer<T>(name, Images, persistent: true);

    /// <summary>Creates a tensor of one vector per image.</summary>
    private DeviceTensor NewVector(string name, DeviceTensor vector) => new(
        NewBuffer<float>(name, (long)Images * vector.Shape.Count), new(vector.Shape, vector.Shape, ChannelsLast: true), Images);

    /// <summary>Adds a step from [N][area][C], the order of batches, to channel blocks, which only the CPU has.</summary>
    private unsafe void AddToBlocks(string name, DeviceBuffer<float> images, DeviceTensor x)
    {
        int channels = x.Stored.Channels, area = x.Stored.Area;
        Launch(name,
            l => new CpuChannelsLastToBlocks(Images, channels, area, l.Read(images), l.Write(x)),
            _ => throw new UnreachableException());
    }

    /// <summary>Adds a step from [N][C][area], the order of a flattened volume, to the device's layout.</summary>
    private unsafe void AddFromPlanes(string name, DeviceBuffer<float> planes, DeviceTensor x)
    {
        int channels = x.Stored.Channels, area = x.Stored.Area;
        Launch(name,
            l => new CpuToBlocks(Images, channels, area, l.Read(planes), l.Write(x)),
            l => l.Add(Transpose.ToChannelsLast(l.Read(planes), l.Write(x), Images, channels, area)));
    }

    private unsafe void AddToPlanes(string name, DeviceTensor x, DeviceBuffer<float> planes)
    {
        int channels = x.Stored.Channels, area = x.Stored.Area;
        Launch(name,
            l => new CpuFromBlocks(Images, channels, area, l.Read(x), l.Write(planes)),
            l => l.Add(Transpose.FromChannelsLast(l.Read(x), l.Write(planes), Images, channels, area)));
    }

    private unsafe void AddSum(string name, DeviceTensor part, DeviceTensor total) => Launch(name,
        l => new CpuAddInto(l.Read(part), l.Update(total), total.Count),
        l => l.Add(new AddInto(total.IsBFloat16, l.Read(part), l.Update(total), (int)total.Count)));
}
