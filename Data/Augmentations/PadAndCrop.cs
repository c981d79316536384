using System.Globalization;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Data;

/// <summary>
/// Pads by a number of black pixels on every side and crops a window of the input's size at random: a shift of up to that many.
/// torchvision's RandomCrop(size, padding).
/// </summary>
internal sealed class PadAndCrop : FramingStep
{
    private const int LargestPadding = 512;

    private readonly int _padding;

    public PadAndCrop() { }

    private PadAndCrop(int padding) => _padding = padding;

    public override string Name => "crop";

    public override string Usage => "cropN (N pixels of padding, such as crop4)";

    public override AugmentationStep? TryParse(StepText text) =>
        text.Name.StartsWith("crop", StringComparison.Ordinal) && text.Arguments.Count == 0
        && int.TryParse(text.Name.AsSpan(4), NumberStyles.None, CultureInfo.InvariantCulture, out int pixels)
            && pixels is > 0 and <= LargestPadding
            ? new PadAndCrop(pixels) : null;

    public override void Draw(ref RandomStream random, Window picture, Shape input, ref Framing framing)
    {
        framing.Left -= random.NextInt(2 * _padding + 1) - _padding;
        framing.Top -= random.NextInt(2 * _padding + 1) - _padding;
    }

    public override string ToString() => $"crop{_padding}";
}
