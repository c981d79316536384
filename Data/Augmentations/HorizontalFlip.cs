using GpuCnn.Engine.Tensors;

namespace GpuCnn.Data;

/// <summary>Mirrors half of the images left to right.</summary>
internal sealed class HorizontalFlip : FramingStep
{
    public override string Name => "flip";

    public override string Usage => "flip";

    public override AugmentationStep? TryParse(StepText text) => text.Name == Name && text.Arguments.Count == 0 ? this : null;

    public override void Draw(ref RandomStream random, Window picture, Shape input, ref Framing framing) =>
        framing.IsMirrored ^= random.NextBool();

    public override string ToString() => Name;
}
