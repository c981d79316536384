using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Devices.Gpu;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Engine.Layers;

/// <summary>
/// While training, sets each value to zero with a probability and scales the others up so that the mean stays; otherwise does nothing
/// (Srivastava et al., 2014). What is dropped follows from the seed, the step, the layer and the position.
/// </summary>
public sealed class Dropout : UnaryOperator
{
    public Dropout(float probability = 0.5f)
    {
        if (!(probability is >= 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(probability), probability, "Dropout expects a probability in [0, 1).");
        Probability = probability;
    }

    public float Probability { get; }

    protected override Shape InferShape(Shape input) => input;

    public override bool IsElementwise => true;

    public override bool IsView(bool training) => !training || Probability == 0;

    public override void EmitForward(CpuEmitter emitter) => Emit(emitter, "forward", emitter.Input(), emitter.Output);

    public override void EmitBackward(CpuEmitter emitter)
    {
        if (emitter.InputGradient() is { } dx) Emit(emitter, "backward", emitter.OutputGradient, dx);
    }

    public override void EmitForward(GpuEmitter emitter) => Emit(emitter, "forward", emitter.Input(), emitter.Output);

    public override void EmitBackward(GpuEmitter emitter)
    {
        if (emitter.InputGradient() is { } dx) Emit(emitter, "backward", emitter.OutputGradient, dx);
    }

    private void Emit(GpuEmitter emitter, string name, GpuTensor from, GpuTensor to)
    {
        ulong layer = (ulong)emitter.Node.Index;
        emitter.Launch(name, launches => launches.Add(new Kernels.Pointwise.Dropout(
            emitter.Scalars, from.View, to.View, layer, Probability, 1 / (1 - Probability), new(from.Stored.Channels), new(from.Stored.Area), from.Count)), from.Buffer, to.Buffer);
    }

    private unsafe void Emit(CpuEmitter emitter, string name, CpuTensor from, CpuTensor to)
    {
        ulong layer = (ulong)emitter.Node.Index;
        emitter.Launch(name, () => new CpuDropout(
            emitter.Scalars, layer, Probability, emitter.Images, from.Stored.Channels, from.Stored.Area, from.Pointer, to.Pointer), from.Buffer, to.Buffer);
    }
}
