using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels.Convolution;
using GpuCnn.Kernels.Convolution.Cpu;

namespace GpuCnn.Engine.Layers;

/// <summary>Connects every unit to every input: [units, inputs] weights and one bias per unit.</summary>
public sealed class Linear : UnaryOperator, IDeviceOperator
{
    public Linear(int units, bool bias = true)
    {
        if (units < 1) throw new ArgumentOutOfRangeException(nameof(units), units, "Linear expects at least one unit.");
        Units = units;
        HasBias = bias;
    }

    public int Units { get; }

    public bool HasBias { get; }

    public Initializer WeightInitializer { get; init; } = Initializer.He;

    public Initializer BiasInitializer { get; init; } = Initializer.Constant(0);

    public override bool FusesActivation => true;

    protected override Shape InferShape(Shape input) => input.IsVector
        ? Shape.Vector(Units)
        : throw new GpuCnnException($"Linear(-> {Units}) expects a vector, but got a volume of {input}; put a Flatten before it.");

    protected override IReadOnlyList<ParameterSpec> GetParameters(Shape input)
    {
        var weight = new ParameterSpec("weight", ParameterRole.Weight, [Units, input.Count], input.Count, Units, WeightInitializer);
        return HasBias ? [weight, new("bias", ParameterRole.Bias, [Units], input.Count, Units, BiasInitializer)] : [weight];
    }

    protected override long CountMultiplyAdds(Shape input) => (long)input.Count * Units;

    public override bool ReadsChannelsLast(Shape input) => true;

    public ParameterLayout LayOut(ParameterSpec parameter, TensorLayout input, int vectorWidth)
    {
        if (parameter.Role == ParameterRole.Bias) return ParameterLayout.Plain(Kernels.Cpu.Blocks.RoundUp(parameter.Count));
        DirectConvolution convolution = AsConvolution(input, 1, vectorWidth);
        int inputs = input.Shape.Count;
        return new(convolution.Filter.Count, index => convolution.IndexOf(index / inputs, input.IndexOf(index % inputs), 0, 0));
    }

    /// <summary>Lays weights out as [inputs][units], the inputs in their storage order.</summary>
    public ParameterLayout LayOut(ParameterSpec parameter, Shape input)
    {
        if (parameter.Role == ParameterRole.Bias) return ParameterLayout.Plain(parameter.Count);
        int inputs = input.Count;
        var layout = new TensorLayout(input, input, ChannelsLast: true);
        return new(parameter.Count, index => layout.IndexOf(index % inputs) * Units + index / inputs);
    }

    public void EmitForward(Emitter emitter) => emitter.Branch(
        cpu => CpuConvolution.EmitForward(cpu, On(cpu)),
        gpu => GpuProduct.EmitForward(gpu, Units));

    public void EmitBackward(Emitter emitter) => emitter.Branch(
        cpu => CpuConvolution.EmitBackward(cpu, On(cpu), unusedRows: cpu.Input().CountPerImage != cpu.Input().Shape.Count),
        gpu => GpuProduct.EmitBackward(gpu, Units));

    private DirectConvolution On(CpuEmitter emitter) => AsConvolution(emitter.Input().Layout, emitter.Images, emitter.VectorWidth);

    /// <summary>
    /// Treats the layer as a 1x1 convolution of one pixel. Its channels are the floats of the input as stored, including unused lanes of a
    /// last block (their weights are zero, and their gradients are cleared).
    /// </summary>
    private DirectConvolution AsConvolution(TensorLayout input, int images, int vectorWidth) =>
        new(new ConvolutionShape(input.CountPerImage, 1, 1, Units, 1, 1, 1, 1, 0, 0, 1), images, input.ChannelsLast, vectorWidth);
}
