using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels.Convolution;
using GpuCnn.Kernels.Convolution.Cpu;
using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Engine.Layers;

/// <summary>
/// Convolution (cross-correlation): K filters of R by S over all channels of their group. Output volume K x floor((H - R + 2 PadH) /
/// StrideH + 1) x floor((W - S + 2 PadW) / StrideW + 1); (R S C / groups) K weights [K, C / groups, R, S] and K biases.
/// </summary>
public sealed class Conv2d : UnaryOperator, IDeviceOperator
{
    /// <summary>Square filters.</summary>
    public Conv2d(int filters, int size, int stride = 1, int padding = 0, int groups = 1, bool bias = true)
        : this(filters, (size, size), (stride, stride), (padding, padding), groups, bias) { }

    /// <summary>Filters of any size; pairs are (rows, columns).</summary>
    public Conv2d(
        int filters, (int Rows, int Columns) size, (int Rows, int Columns) stride, (int Rows, int Columns) padding, int groups = 1,
        bool bias = true)
    {
        bool isPositive = filters >= 1 && size is { Rows: >= 1, Columns: >= 1 } && stride is { Rows: >= 1, Columns: >= 1 };
        if (!isPositive || padding.Rows < 0 || padding.Columns < 0)
        {
            throw new ArgumentException(
                $"Conv2d({filters}, {size}, {stride}, {padding}) expects positive filters, size and stride and a padding of 0 or more.");
        }
        if (groups < 1 || filters % groups != 0)
            throw new ArgumentException($"Conv2d with {filters} filters expects a number of groups that divides it, but got {groups}.");
        Filters = filters;
        Size = size;
        Stride = stride;
        Padding = padding;
        Groups = groups;
        HasBias = bias;
    }

    public int Filters { get; }

    public (int Rows, int Columns) Size { get; }

    public (int Rows, int Columns) Stride { get; }

    public (int Rows, int Columns) Padding { get; }

    public int Groups { get; }

    public bool HasBias { get; }

    public Initializer WeightInitializer { get; init; } = Initializer.He;

    public Initializer BiasInitializer { get; init; } = Initializer.Constant(0);

    /// <summary>Weights in [K, C / groups, R, S] order that training does not change, such as a handmade kernel.</summary>
    public float[]? FixedWeights { get; init; }

    public override bool FusesActivation => true;

    public override bool GathersMoments => true;

    public override bool GathersGradientSums => true;

    public override bool WritesSlices => true;

    public override bool AddsInputGradients => true;

    protected override Shape InferShape(Shape input)
    {
        string who = $"Conv2d({input.Channels} -> {Filters}, {Size.Rows}x{Size.Columns})";
        if (input.IsVector) throw new GpuCnnException($"{who} expects a volume CxHxW, but got a vector of {input}; put it before Flatten.");
        if (input.Channels % Groups != 0)
            throw new GpuCnnException($"{who} in {Groups} groups expects a multiple of {Groups} input channels, but got {input}.");
        int rows = input.Height + 2 * Padding.Rows, columns = input.Width + 2 * Padding.Columns;
        if (rows < Size.Rows || columns < Size.Columns)
        {
            int leastRows = Math.Max(1, Size.Rows - 2 * Padding.Rows), leastColumns = Math.Max(1, Size.Columns - 2 * Padding.Columns);
            throw new GpuCnnException(
                $"{who} expects an input of at least {leastRows}x{leastColumns} pixels, but got {input}; use a larger input.");
        }
        ConvolutionShape shape = ShapeFor(input);
        return Shape.Volume(Filters, shape.OutputHeight, shape.OutputWidth);
    }

    protected override IReadOnlyList<ParameterSpec> GetParameters(Shape input)
    {
        int window = Size.Rows * Size.Columns, perGroup = input.Channels / Groups;
        int fanIn = window * perGroup, fanOut = window * Filters / Groups;
        var weight = new ParameterSpec(
            "weight", ParameterRole.Weight, [Filters, perGroup, Size.Rows, Size.Columns], fanIn, fanOut, WeightInitializer);
        if (FixedWeights is { } values)
        {
            if (values.Length != weight.Count)
            {
                throw new GpuCnnException(
                    $"Conv2d with {Filters} filters expects {weight.Count} fixed weights for an input of {input}, "
                    + $"but got {values.Length}.");
            }
            weight = weight with { Initializer = Initializer.Values(values), IsFixed = true };
        }
        return HasBias ? [weight, new("bias", ParameterRole.Bias, [Filters], fanIn, fanOut, BiasInitializer)] : [weight];
    }

    protected override long CountMultiplyAdds(Shape input)
    {
        Shape output = InferShape(input);
        return (long)output.Count * Size.Rows * Size.Columns * (input.Channels / Groups);
    }

    protected override InputWindow WindowOf(Shape input) => new(Size, Stride, Padding);

    /// <summary>With fewer channels than a block, a filter row is a longer run channels-last than a tap is in a block.</summary>
    public override bool ReadsChannelsLast(Shape input) => !input.IsVector && Groups == 1 && input.Channels < Blocks.Size;

    public ParameterLayout LayOut(ParameterSpec parameter, TensorLayout input, int vectorWidth)
    {
        if (parameter.Role == ParameterRole.Bias) return ParameterLayout.Plain(Kernels.Cpu.Blocks.RoundUp(parameter.Count));
        var convolution = new DirectConvolution(ShapeFor(input.Stored), 1, input.ChannelsLast, vectorWidth);
        int rows = Size.Rows, columns = Size.Columns, channels = input.Stored.Channels / Groups;
        return new(convolution.Filter.Count, index =>
        {
            int s = index % columns, r = index / columns % rows, c = index / (columns * rows) % channels;
            return convolution.IndexOf(index / (columns * rows * channels), c, r, s);
        });
    }

    public ParameterLayout LayOut(ParameterSpec parameter, Shape input)
    {
        if (parameter.Role == ParameterRole.Bias) return ParameterLayout.Plain(parameter.Count);
        int rows = Size.Rows, columns = Size.Columns, channels = input.Channels / Groups, filters = Filters / Groups;
        return new(parameter.Count, index =>
        {
            int s = index % columns, r = index / columns % rows;
            int c = index / (columns * rows) % channels, k = index / (columns * rows * channels);
            return (((k / filters * rows + r) * columns + s) * channels + c) * filters + k % filters;
        });
    }

    public void EmitForward(Emitter emitter) => emitter.Branch(
        cpu => CpuConvolution.EmitForward(cpu, On(cpu)),
        gpu => GpuConvolution.EmitForward(gpu, ShapeFor(gpu.Input().Stored)));

    public void EmitBackward(Emitter emitter) => emitter.Branch(
        cpu =>
        {
            DirectConvolution convolution = On(cpu);
            CpuConvolution.EmitBackward(cpu, convolution, convolution.Groups.HasStructuralZeros);
        },
        gpu => GpuConvolution.EmitBackward(gpu, ShapeFor(gpu.Input().Stored)));

    /// <summary>Returns the network's filters.</summary>
    internal static IEnumerable<(Parameter Weight, Conv2d Convolution)> FiltersOf(Network network) =>
        from parameter in network.Parameters
        where parameter.Spec.Role == ParameterRole.Weight && parameter.Node.Operator is Conv2d
        select (parameter, (Conv2d)parameter.Node.Operator);

    /// <summary>Returns how the CPU device stores the filter for an input layout.</summary>
    internal FilterLayout PackedFilter(TensorLayout input, int vectorWidth) =>
        new DirectConvolution(ShapeFor(input.Stored), 1, input.ChannelsLast, vectorWidth).Filter;

    private DirectConvolution On(CpuEmitter emitter) => new(
        ShapeFor(emitter.Input().Stored), emitter.Images, emitter.Input().ChannelsLast, emitter.VectorWidth,
        emitter.Output.WholeChannels);

    private ConvolutionShape ShapeFor(Shape input) => new(
        input.Channels, input.Height, input.Width, Filters, Size.Rows, Size.Columns, Stride.Rows, Stride.Columns, Padding.Rows,
        Padding.Columns, Groups);
}
