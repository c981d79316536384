namespace GpuCnn.Data;

/// <summary>Mirrors half of the images left to right.</summary>
internal sealed class HorizontalFlip : AugmentationStep
{
    public override string Usage => "flip";

    public override AugmentationStep? TryParse(string text) => text == "flip" ? this : null;

    public override void Draw(ref RandomStream random, ref SampleTransform transform) => transform.IsMirrored ^= random.NextBool();

    public override string ToString() => "flip";
}
