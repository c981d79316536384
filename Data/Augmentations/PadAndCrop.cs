using System.Globalization;

namespace GpuCnn.Data;

/// <summary>
/// Pads by a number of black pixels on every side and crops a window of the input's size at random: a shift of up to that many.
/// </summary>
internal sealed class PadAndCrop : AugmentationStep
{
    private const int LargestPadding = 512;

    private readonly int _padding;

    public PadAndCrop() { }

    private PadAndCrop(int padding) => _padding = padding;

    public override string Usage => "cropN (N pixels, such as crop4)";

    public override AugmentationStep? TryParse(string text) =>
        text.StartsWith("crop", StringComparison.Ordinal)
        && int.TryParse(text.AsSpan(4), NumberStyles.None, CultureInfo.InvariantCulture, out int pixels)
            && pixels is > 0 and <= LargestPadding
            ? new PadAndCrop(pixels) : null;

    public override void Draw(ref RandomStream random, ref SampleTransform transform)
    {
        transform.ShiftX += random.NextInt(2 * _padding + 1) - _padding;
        transform.ShiftY += random.NextInt(2 * _padding + 1) - _padding;
    }

    public override string ToString() => $"crop{_padding}";
}
