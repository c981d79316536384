using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Plans;
using GpuCnn.Kernels;
using GpuCnn.Kernels.Convolution;
using GpuCnn.Kernels.Convolution.Cpu;
using GpuCnn.Kernels.Cpu;
using GpuCnn.Kernels.Layout;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Engine.Devices.Cpu;

/// <summary>Turns a plan into kernels of the CPU device, and runs them one after another on the device's threads.</summary>
internal sealed unsafe class CpuBackend : PlanBackend
{
    private readonly CpuDevice _device;
    private readonly DeviceParameterStore _parameters;
    private readonly PlanOptions _options;
    private readonly List<Func<ICpuKernel>> _makers = [];
    private readonly Dictionary<Value, CpuTensor> _values = [], _gradients = [];
    private readonly Dictionary<Value, CpuMoments> _moments = [];
    private readonly Dictionary<(Node, string), PlanBuffer> _saved = [];
    private readonly Dictionary<int, PlanBuffer> _zeros = [];
    private readonly PlanBuffer _images, _labels, _losses, _ranks, _scalars;
    private readonly PlanBuffer? _others, _shares;
    private ICpuKernel[] _kernels = [];
    private CpuMemory? _arena;

    public CpuBackend(CpuDevice device, DeviceParameterStore parameters, PlanOptions options)
    {
        _device = device;
        _parameters = parameters;
        _options = options;
        Layouts = new(parameters.Network, parameters.InputGradient);
        _images = NewBuffer("images", 4L * options.Images * parameters.Network.Input.Count, persistent: true);
        _labels = NewBuffer("labels", 4L * options.Images, persistent: true);
        if (options.MixedLabels)
        {
            _others = NewBuffer("other labels", 4L * options.Images, persistent: true);
            _shares = NewBuffer("shares", 4L * options.Images, persistent: true);
        }
        _losses = NewBuffer("losses", 4L * options.Images, persistent: true);
        _ranks = NewBuffer("ranks", 4L * options.Images, persistent: true);
        _scalars = NewBuffer("scalars", sizeof(StepScalars), persistent: true);
    }

    /// <summary>How values are stored.</summary>
    public CpuLayouts Layouts { get; }

    public int Images => _options.Images;

    public bool Training => _options.Training;

    public int VectorWidth => _device.VectorWidth;

    public int Threads => _device.Threads;

    public StepScalars* Scalars => (StepScalars*)_scalars.Address;

    public int* Labels => (int*)_labels.Address;

    /// <summary>Null where images have one label.</summary>
    public int* Others => _others == null ? null : (int*)_others.Address;

    /// <summary>Null where images have one label.</summary>
    public float* Shares => _shares == null ? null : (float*)_shares.Address;

    public float* Losses => (float*)_losses.Address;

    public int* Ranks => (int*)_ranks.Address;

    /// <summary>Slices are whole blocks; only behind the last channel of all may one end within a block.</summary>
    public override bool CanStore(Slice slice, int channels) =>
        slice.FirstChannel % Blocks.Size == 0 && (channels % Blocks.Size == 0 || slice.FirstChannel + channels == slice.Whole.Shape.Channels);

    public override void AddInput(Value input)
    {
        CpuTensor x = NewTensor("input", input, persistent: _options.InputGradient || IsOutput(input));
        _values[input] = x;
        int channels = input.Shape.Channels, area = input.Shape.Area;
        Launch("input", () => x.ChannelsLast
            ? new CpuToChannelsLast(Images, channels, area, (float*)_images.Address, x.Pointer)
            : new CpuToBlocks(Images, channels, area, (float*)_images.Address, x.Pointer), [x.Buffer]);
    }

    public override void AddForward(PlanNode node)
    {
        Place(_values, node.Name, node.Output, persistent: IsOutput(node.Output));
        node.Node.Operator.EmitForward(new CpuEmitter(this, node, []));
    }

    public override void AddLoss(Loss loss, Head output, bool isHead, bool gradient)
    {
        Value logits = output.Output;
        CpuTensor x = Value(logits);
        CpuTensor? dx = gradient ? GradientOf(logits) : null;
        if (!x.Shape.IsVector || x.Stored.Area == 1)
        {
            loss.Emit(new CpuLossEmitter(this, x, dx, output.Weight, isHead));
            return;
        }
        // A view of a volume: a loss gets its classes in order.
        CpuTensor plain = NewPlain("logits", x);
        CpuTensor? plainGradient = dx == null ? null : NewPlain("logits gradient", x);
        int channels = x.Stored.Channels, area = x.Stored.Area;
        Launch("logits", () => new CpuFromBlocks(Images, channels, area, x.Pointer, plain.Pointer), [x.Buffer, plain.Buffer]);
        loss.Emit(new CpuLossEmitter(this, plain, plainGradient, output.Weight, isHead));
        if (dx != null && plainGradient != null)
            Launch("logits gradient", () => new CpuToBlocks(Images, channels, area, plainGradient.Pointer, dx.Pointer), [plainGradient.Buffer, dx.Buffer]);
    }

    public override void AddBackward(PlanNode node, IReadOnlyList<GradientUse> inputs)
    {
        var targets = new CpuTensor?[inputs.Count];
        for (int i = 0; i < targets.Length; i++)
        {
            if (inputs[i] == GradientUse.None) continue;
            CpuTensor gradient = GradientOf(node.Inputs[i]);
            targets[i] = inputs[i] == GradientUse.Write
                ? gradient
                : gradient with { Buffer = NewBuffer($"{node.Name} gradient part", gradient.Buffer.Bytes) };
        }
        node.Node.Operator.EmitBackward(new CpuEmitter(this, node, targets));
        for (int i = 0; i < targets.Length; i++)
        {
            if (inputs[i] != GradientUse.Add) continue;
            CpuTensor total = GradientOf(node.Inputs[i]), part = targets[i]!;
            Launch($"{node.Name} gradient sum", () => new CpuAddInto(part.Pointer, total.Pointer, total.Count), [part.Buffer, total.Buffer]);
        }
    }

    public override void AddUpdate(Optimizer optimizer) => optimizer.EmitUpdate(new CpuUpdateEmitter(this, _parameters));

    public override void Link(long arenaBytes)
    {
        _arena = _device.Allocate(arenaBytes, $"a batch of {Images}");
        foreach (PlanBuffer buffer in Buffers) buffer.Address = _arena.Handle + (nint)buffer.Offset;
        _kernels = [.. _makers.Select(make => make())];
    }

    public override void Upload(Batch batch, in StepScalars scalars)
    {
        *Scalars = scalars;
        batch.Images.CopyTo(new Span<float>((float*)_images.Address, batch.Images.Length));
        batch.Labels.CopyTo(new Span<int>(Labels, batch.Labels.Length));
        if (!_options.MixedLabels) return;
        batch.Others.CopyTo(new Span<int>(Others, batch.Others.Length));
        batch.Shares.CopyTo(new Span<float>(Shares, batch.Shares.Length));
    }

    public override void Run(int first, int last)
    {
        for (int step = first; step < last; step++) _device.Pool.Run(_kernels[step]);
    }

    public override void DownloadLosses(Span<float> losses, Span<int> ranks)
    {
        new ReadOnlySpan<float>(Losses, Images).CopyTo(losses);
        new ReadOnlySpan<int>(Ranks, Images).CopyTo(ranks);
    }

    public override void DownloadValue(Value value, Span<float> target) => Download(Value(value), target);

    public override void DownloadInputGradient(Span<float> target) => Download(GradientOf(_parameters.Network.Graph.Input), target);

    public override void Dispose()
    {
        _arena?.Dispose();
        _arena = null;
    }

    public CpuTensor Value(Value value) => View(_values, value) ?? throw new InvalidOperationException("The value has not been computed.");

    /// <summary>The gradient of a value; a view's is its root's.</summary>
    public CpuTensor GradientOf(Value value)
    {
        if (View(_gradients, value) is { } gradient) return gradient;
        Value root = Plan.Root(value, Training);
        Place(_gradients, "gradient", root, persistent: _options.InputGradient && root == _parameters.Network.Graph.Input);
        return View(_gradients, value)!;
    }

    public CpuParameter Parameter(Parameter parameter) => new(_parameters, parameter);

    public PlanBuffer Saved(Node node, string name, long bytes)
    {
        if (!_saved.TryGetValue((node, name), out PlanBuffer? buffer)) _saved[(node, name)] = buffer = NewBuffer(name, bytes);
        return buffer;
    }

    public CpuMoments? FindMoments(Value value) => _moments.GetValueOrDefault(value);

    public void KeepMoments(Value value, CpuMoments moments) => _moments[value] = moments;

    public PlanBuffer Workspace(string name, long bytes) => NewBuffer(name, bytes);

    public PlanBuffer Zeros(int count)
    {
        if (!_zeros.TryGetValue(count, out PlanBuffer? buffer)) _zeros[count] = buffer = NewBuffer("zeros", 4L * count, persistent: true);
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

    public void Launch(string name, Func<ICpuKernel> make, IEnumerable<PlanBuffer> uses)
    {
        _makers.Add(make);
        CountStep(name, uses);
    }

    /// <summary>Gives a value, or its gradient, a tensor unless it has one: of its own, or a part of the whole's that it is a slice of.</summary>
    private void Place(Dictionary<Value, CpuTensor> tensors, string name, Value value, bool persistent)
    {
        if (tensors.ContainsKey(value)) return;
        if (Slices.GetValueOrDefault(value) is not { } slice)
        {
            tensors[value] = NewTensor(name, value, persistent);
            return;
        }
        Place(tensors, name, slice.Whole, IsOutput(slice.Whole));
        tensors[value] = Layouts.Describe(value, tensors[slice.Whole].Buffer, Images, Training) with
        {
            WholeChannels = slice.Whole.Shape.Channels,
            FirstChannel = slice.FirstChannel,
        };
    }

    private CpuTensor NewTensor(string name, Value value, bool persistent)
    {
        CpuTensor shape = Layouts.Describe(value, _scalars, Images, Training);
        return shape with { Buffer = NewBuffer(name, 4 * shape.Count, persistent) };
    }

    /// <summary>Whether the value holds the network's output, which is read after the run.</summary>
    private bool IsOutput(Value value) => value == Plan.Root(_parameters.Network.Output, Training);

    /// <summary>A vector for each image, one after another.</summary>
    private CpuTensor NewPlain(string name, CpuTensor vector) =>
        new(NewBuffer(name, 4L * Images * vector.Shape.Count), vector.Shape, vector.Shape, ChannelsLast: true, Images);

    private CpuTensor? View(Dictionary<Value, CpuTensor> tensors, Value value) =>
        tensors.TryGetValue(Plan.Root(value, Training), out CpuTensor? tensor) ? tensor with { Shape = value.Shape } : null;

    private static void Download(CpuTensor tensor, Span<float> target)
    {
        int count = tensor.Shape.Count;
        for (int image = 0; image < tensor.Images; image++)
        {
            float* source = tensor.Pointer + (nint)image * tensor.CountPerImage;
            for (int i = 0; i < count; i++) target[image * count + i] = source[tensor.IndexOf(i)];
        }
    }
}
