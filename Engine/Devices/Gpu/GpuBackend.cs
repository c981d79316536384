using System.Runtime.ExceptionServices;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Plans;
using GpuCnn.Kernels;
using GpuCnn.Kernels.Convolution;
using GpuCnn.Kernels.Convolution.Gpu;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Layout;
using GpuCnn.Kernels.MatrixProduct;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Engine.Devices.Gpu;

/// <summary>Turns a plan into launches of translated kernels, the same at each step, and gives them to the device in order.</summary>
internal sealed class GpuBackend : PlanBackend
{
    private readonly GpuDevice _device;
    private readonly DeviceParameterStore _parameters;
    private readonly PlanOptions _options;
    private readonly List<Action<IKernelLaunches>> _makers = [];
    private readonly Dictionary<Value, GpuTensor> _values = [], _gradients = [];
    private readonly Dictionary<Value, GpuMoments> _moments = [];
    private readonly Dictionary<(Node, string), object> _saved = [];
    private readonly GpuBuffer<float> _images;
    private readonly GpuBuffer<StepScalars> _scalars;
    private DeviceMemory[] _slabs = [];
    private LaunchSequence? _launches;

    // Where each step's launches begin, and the end of the last.
    private int[] _firsts = [];

    public GpuBackend(GpuDevice device, DeviceParameterStore parameters, PlanOptions options)
    {
        _device = device;
        _parameters = parameters;
        _options = options;
        _images = NewBuffer<float>("images", (long)options.Images * parameters.Network.Input.Count, persistent: true);
        Labels = NewBuffer<int>("labels", options.Images, persistent: true);
        if (options.MixedLabels)
        {
            Others = NewBuffer<int>("other labels", options.Images, persistent: true);
            Shares = NewBuffer<float>("shares", options.Images, persistent: true);
        }
        Losses = NewBuffer<float>("losses", options.Images, persistent: true);
        Ranks = NewBuffer<int>("ranks", options.Images, persistent: true);
        _scalars = NewBuffer<StepScalars>("scalars", 1, persistent: true);
    }

    public int Images => _options.Images;

    public bool Training => _options.Training;

    public GpuBuffer<int> Labels { get; }

    /// <summary>Null where images have one label.</summary>
    public GpuBuffer<int>? Others { get; }

    /// <summary>Null where images have one label.</summary>
    public GpuBuffer<float>? Shares { get; }

    public GpuBuffer<float> Losses { get; }

    public GpuBuffer<int> Ranks { get; }

    /// <summary>[1]</summary>
    public ReadOnlyView<StepScalars> Scalars => _scalars.View;

    public override long SlabBytes => Math.Max(MemoryPlan.Alignment, _device.LargestAllocation / MemoryPlan.Alignment * MemoryPlan.Alignment);

    /// <summary>Kernels load four floats at a time from where a tensor starts.</summary>
    public override bool CanStore(Slice slice, int channels) => slice.FirstChannel % 4 == 0;

    public override void AddInput(Value input)
    {
        GpuTensor x = NewTensor("input", input, persistent: _options.InputGradient || IsOutput(input));
        _values[input] = x;
        int channels = input.Shape.Channels, area = input.Shape.Area;
        Launch("input", launches => launches.Add(Transpose.ToChannelsLast(_images.View, x.View, Images, channels, area)), [x.Buffer]);
    }

    public override void AddForward(PlanNode node)
    {
        Place(_values, node.Name, node.Output, persistent: IsOutput(node.Output));
        node.Node.Operator.EmitForward(new GpuEmitter(this, node, []));
    }

    public override void AddLoss(Loss loss, Head output, bool isHead, bool gradient)
    {
        Value logits = output.Output;
        GpuTensor x = Value(logits);
        GpuTensor? dx = gradient ? GradientOf(logits) : null;
        if (!x.Shape.IsVector || x.Stored.Area == 1 || x.Stored.Channels == 1)
        {
            loss.Emit(new GpuLossEmitter(this, x, dx, output.Weight, isHead));
            return;
        }
        // A view of a volume: a loss gets its classes in order.
        GpuTensor plain = NewPlain("logits", x);
        GpuTensor? plainGradient = dx == null ? null : NewPlain("logits gradient", x);
        int channels = x.Stored.Channels, area = x.Stored.Area;
        Launch("logits", launches => launches.Add(Transpose.FromChannelsLast(x.View, plain.View, Images, channels, area)), [x.Buffer, plain.Buffer]);
        loss.Emit(new GpuLossEmitter(this, plain, plainGradient, output.Weight, isHead));
        if (dx != null && plainGradient != null)
        {
            Launch("logits gradient", launches => launches.Add(Transpose.ToChannelsLast(plainGradient.View, dx.View, Images, channels, area)),
                [plainGradient.Buffer, dx.Buffer]);
        }
    }

    public override void AddBackward(PlanNode node, IReadOnlyList<GradientUse> inputs)
    {
        var targets = new (GpuTensor? Gradient, bool Adds)[inputs.Count];
        for (int i = 0; i < targets.Length; i++)
        {
            if (inputs[i] == GradientUse.None) continue;
            GpuTensor gradient = GradientOf(node.Inputs[i]);
            bool isSum = inputs[i] == GradientUse.Add, adds = isSum && node.Node.Operator.AddsInputGradients;
            targets[i] = (isSum && !adds ? gradient with { Elements = NewBuffer<float>($"{node.Name} gradient part", gradient.Count) } : gradient, adds);
        }
        node.Node.Operator.EmitBackward(new GpuEmitter(this, node, targets));
        for (int i = 0; i < targets.Length; i++)
        {
            if (inputs[i] != GradientUse.Add || targets[i].Adds) continue;
            GpuTensor total = GradientOf(node.Inputs[i]), part = targets[i].Gradient!;
            Launch($"{node.Name} gradient sum", launches => launches.Add(new AddInto(part.View, total.View, total.Count)), [part.Buffer, total.Buffer]);
        }
    }

    public override void AddUpdate(Optimizer optimizer) => optimizer.EmitUpdate(new GpuUpdateEmitter(this, _parameters));

    public override void Link(long arenaBytes)
    {
        if (Buffers.MaxBy(buffer => buffer.Bytes) is { } largest && largest.Bytes > SlabBytes)
        {
            throw new DeviceOutOfMemoryException(
                $"The device {_device.Name} gives at most {SlabBytes >> 20} MiB in one piece, but {largest.Name} of a batch of {Images} takes {largest.Bytes >> 20} MiB.",
                largest.Bytes, SlabBytes);
        }
        var slabs = new List<DeviceMemory>();
        try
        {
            for (long first = 0; first < arenaBytes; first += SlabBytes)
                slabs.Add(_device.Allocate(Math.Min(SlabBytes, arenaBytes - first), $"a batch of {Images}", zeroed: false));
            _slabs = [.. slabs];
            PreparedStep[] steps = Prepare();
            _firsts = [.. steps.Select((_, i) => steps.Take(i).Sum(step => step.Launches.Count)), steps.Sum(step => step.Launches.Count)];
            _launches = _device.InSequence([.. steps.SelectMany(step => step.Launches)]);
        }
        catch
        {
            foreach (DeviceMemory slab in slabs) slab.Dispose();
            _slabs = [];
            throw;
        }
    }

    public override void Upload(Batch batch, in StepScalars scalars)
    {
        Write(_scalars, new ReadOnlySpan<StepScalars>(in scalars));
        Write<float>(_images, batch.Images);
        Write<int>(Labels, batch.Labels);
        if (Others != null) Write<int>(Others, batch.Others);
        if (Shares != null) Write<float>(Shares, batch.Shares);
    }

    public override void Run(int first, int last) => _launches!.Run(_firsts[first], _firsts[last]);

    public override void Finish() => _device.Finish();

    public override void DownloadLosses(Span<float> losses, Span<int> ranks)
    {
        Read(Losses, losses);
        Read(Ranks, ranks);
    }

    public override void DownloadValue(Value value, Span<float> target) => Download(Value(value), target);

    public override void DownloadInputGradient(Span<float> target) => Download(GradientOf(_parameters.Network.Graph.Input), target);

    public override void Dispose()
    {
        _launches?.Dispose();
        _launches = null;
        foreach (DeviceMemory slab in _slabs) slab.Dispose();
        _slabs = [];
    }

    public GpuTensor Value(Value value) => Find(_values, value) ?? throw new InvalidOperationException("The value has not been computed.");

    /// <summary>The gradient of a value; a view's is its root's.</summary>
    public GpuTensor GradientOf(Value value)
    {
        if (Find(_gradients, value) is { } gradient) return gradient;
        Value root = Plan.Root(value, Training);
        Place(_gradients, "gradient", root, persistent: _options.InputGradient && root == _parameters.Network.Graph.Input);
        return Find(_gradients, value)!;
    }

    public GpuParameter Parameter(Parameter parameter) => new(_parameters, parameter);

    public GpuBuffer<T> Saved<T>(Node node, string name, long count) where T : unmanaged
    {
        if (!_saved.TryGetValue((node, name), out object? buffer)) _saved[(node, name)] = buffer = NewBuffer<T>(name, count);
        return (GpuBuffer<T>)buffer;
    }

    public GpuMoments? FindMoments(Value value) => _moments.GetValueOrDefault(value);

    public void KeepMoments(Value value, GpuMoments moments) => _moments[value] = moments;

    /// <summary>The algorithm of the step that is emitted next.</summary>
    public ConvolutionChoice Choose(ConvolutionShape shape, ConvolutionPass pass) =>
        Choose(
            pass.Describe(shape, Images), ConvolutionChoice.For(shape, Images, pass),
            ConvolutionChoice.Candidates(shape, Images, pass, _device.HasProductLibrary), _options.Algorithms);

    /// <summary>
    /// The same for a plain product. There is a choice only where the device has a library, or where the options name one, as those of a
    /// run that began on
    /// such a device do; elsewhere the sizes decide, and plans have one problem less.
    /// </summary>
    /// <param name="problem">What is computed, with all sizes that the best choice may depend on.</param>
    public ProductChoice Choose(string problem, int rows, int columns, int depth)
    {
        ProductChoice rule = ProductChoice.For(rows, columns, depth);
        bool hasLibrary = _device.HasProductLibrary, isChosen = hasLibrary || _options.Algorithms?.ContainsKey(problem) == true;
        return isChosen ? Choose(problem, rule, ProductChoice.Candidates(rows, columns, hasLibrary), _options.Algorithms) : rule;
    }

    public unsafe GpuBuffer<T> NewBuffer<T>(string name, long count, bool persistent = false) where T : unmanaged
    {
        if (count > int.MaxValue)
            throw new GpuCnnException($"The device {_device.Name} holds at most {int.MaxValue} values in one tensor, but {name} of a batch of {Images} has {count}; use a smaller batch.");
        return new(this, NewBuffer(name, sizeof(T) * count, persistent), (int)count);
    }

    public void Launch(string name, Action<IKernelLaunches> add, IEnumerable<PlanBuffer> uses)
    {
        _makers.Add(add);
        CountStep(name, uses);
    }

    /// <summary>A buffer where it lies, once the arena is allocated.</summary>
    public View<T> View<T>(PlanBuffer buffer, int count) where T : unmanaged =>
        _slabs[(int)(buffer.Offset / SlabBytes)].View<T>(buffer.Offset % SlabBytes, count);

    /// <summary>The launches of each step. Most of it is the device's compiler, which takes several kernels at once.</summary>
    private PreparedStep[] Prepare()
    {
        PreparedStep[] steps = [.. _makers.Select(_ => new PreparedStep(_device))];
        try
        {
            Parallel.For(0, steps.Length, i => _makers[i](steps[i]));
            return steps;
        }
        catch (AggregateException exception)
        {
            foreach (PreparedStep step in steps)
                foreach (PreparedLaunch launch in step.Launches) launch.Dispose();
            ExceptionDispatchInfo.Throw(exception.InnerExceptions[0]);
            throw;
        }
    }

    /// <summary>Gives a value, or its gradient, a tensor unless it has one: of its own, or a part of the whole's that it is a slice of.</summary>
    private void Place(Dictionary<Value, GpuTensor> tensors, string name, Value value, bool persistent)
    {
        if (tensors.ContainsKey(value)) return;
        if (Slices.GetValueOrDefault(value) is not { } slice)
        {
            tensors[value] = NewTensor(name, value, persistent);
            return;
        }
        Place(tensors, name, slice.Whole, IsOutput(slice.Whole));
        tensors[value] = new(tensors[slice.Whole].Elements, value.Shape, Storage.Of(value).Shape, Images)
        {
            WholeChannels = slice.Whole.Shape.Channels,
            FirstChannel = slice.FirstChannel,
        };
    }

    private GpuTensor NewTensor(string name, Value value, bool persistent) =>
        new(NewBuffer<float>(name, (long)Images * value.Shape.Count, persistent), value.Shape, Storage.Of(value).Shape, Images);

    /// <summary>A vector for each image, one after another.</summary>
    private GpuTensor NewPlain(string name, GpuTensor vector) => new(NewBuffer<float>(name, vector.Count), vector.Shape, vector.Shape, Images);

    /// <summary>Whether the value holds the network's output, which is read after the run.</summary>
    private bool IsOutput(Value value) => value == Plan.Root(_parameters.Network.Output, Training);

    private GpuTensor? Find(Dictionary<Value, GpuTensor> tensors, Value value) =>
        tensors.TryGetValue(Plan.Root(value, Training), out GpuTensor? tensor) ? tensor with { Shape = value.Shape } : null;

    private void Write<T>(GpuBuffer<T> buffer, ReadOnlySpan<T> values) where T : unmanaged
    {
        long offset = buffer.Buffer.Offset;
        _slabs[(int)(offset / SlabBytes)].Write(values, offset % SlabBytes);
    }

    private void Read<T>(GpuBuffer<T> buffer, Span<T> values) where T : unmanaged
    {
        long offset = buffer.Buffer.Offset;
        _slabs[(int)(offset / SlabBytes)].Read(values, offset % SlabBytes);
    }

    private void Download(GpuTensor tensor, Span<float> target)
    {
        var stored = new float[tensor.Count];
        Read(tensor.Elements, stored.AsSpan());
        int count = tensor.Shape.Count;
        for (int image = 0; image < tensor.Images; image++)
            for (int i = 0; i < count; i++) target[image * count + i] = stored[image * count + tensor.IndexOf(i)];
    }

    private sealed class PreparedStep(GpuDevice device) : IProductLaunches
    {
        public List<PreparedLaunch> Launches { get; } = [];

        public void Add<TKernel>(TKernel kernel, Size3 groups) where TKernel : struct, IKernel => Launches.Add(device.Prepare(kernel, groups));

        public void Add(in BlasProduct product) => Launches.Add(device.PrepareProduct(product));
    }
}
