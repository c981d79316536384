using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Engine.Layers;

/// <summary>
/// Sets each value to zero with a probability in training, and scales the others up to keep the mean; does nothing at inference (Srivastava
/// et al., 2014). The seed, the step, the layer and the position determine which values are dropped.
/// </summary>
public sealed class Dropout : UnaryOperator, IDeviceOperator
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

    public void EmitForward(Emitter emitter) => Emit(emitter, "forward", emitter.Input(), emitter.Output);

    public void EmitBackward(Emitter emitter)
    {
        if (emitter.InputGradient() is { } dx) Emit(emitter, "backward", emitter.OutputGradient, dx);
    }

    private unsafe void Emit(Emitter emitter, string name, DeviceTensor from, DeviceTensor to)
    {
        ulong layer = (ulong)emitter.Node.Index;
        int channels = from.Stored.Channels, area = from.Stored.Area;
        emitter.Launch(name,
            l => new CpuDropout(l.Read(emitter.Scalars), layer, Probability, emitter.Images, channels, area, l.Read(from), l.Write(to)),
            l => l.Add(new Kernels.Pointwise.Dropout(
                from.IsBFloat16, to.IsBFloat16, l.Read(emitter.Scalars), l.Read(from), l.Write(to), layer, Probability,
                1 / (1 - Probability), new(channels), new(area), (int)from.Count)));
    }
}
