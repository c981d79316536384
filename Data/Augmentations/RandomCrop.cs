using System.Globalization;
using GpuCnn.Data;
using GpuCnn.Engine;
using GpuCnn.Engine.Tensors;

namespace GpuCnn;

/// <summary>
/// Pads by a number of black pixels on every side and crops a window of the input's size at random: a shift of up to that many.
/// torchvision's RandomCrop(size, padding).
/// </summary>
public sealed class RandomCrop : FramingStep
{
    private const int DefaultPadding = 4, LargestPadding = 512;

    private readonly int _padding;

    public RandomCrop() : this(DefaultPadding) { }

    /// <param name="padding">Pixels on every side, 1 to 512.</param>
    /// <exception cref="GpuCnnException">The padding is out of range.</exception>
    public RandomCrop(int padding) => _padding = Checked(padding, 1, LargestPadding, "pixels of padding");

    public override string Name => "crop";

    public override string Usage => "cropN (N pixels of padding, such as crop4)";

    public override AugmentationStep? TryParse(StepText text) =>
        text.Name.StartsWith("crop", StringComparison.Ordinal) && text.Arguments.Count == 0
        && int.TryParse(text.Name.AsSpan(4), NumberStyles.None, CultureInfo.InvariantCulture, out int pixels)
            && pixels is > 0 and <= LargestPadding
            ? new RandomCrop(pixels) : null;

    public override void Draw(ref RandomStream random, Window picture, Shape input, ref Framing framing)
    {
        framing.Left -= random.NextInt(2 * _padding + 1) - _padding;
        framing.Top -= random.NextInt(2 * _padding + 1) - _padding;
    }

    public override string ToString() => $"crop{_padding}";
}
