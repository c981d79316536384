using GpuCnn.Data;
using GpuCnn.Engine.Tensors;

namespace GpuCnn;

/// <summary>Mirrors half of the images left to right.</summary>
public sealed class Flip : FramingStep
{
    public override string Name => "flip";

    public override void Draw(ref RandomStream random, Window picture, Shape input, ref Framing framing) =>
        framing.IsMirrored ^= random.NextBool();
}
