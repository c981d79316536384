using GpuCnn.Data;
using GpuCnn.Engine;

namespace GpuCnn;

/// <summary>
/// Changes brightness, contrast, saturation and hue by random factors in random order: torchvision's ColorJitter on PIL images, and the
/// photometric distortions of Howard (https://arxiv.org/abs/1312.5402) that GoogLeNet was trained with.
/// </summary>
public sealed class ColorJitter : PixelStep
{
    private const double Default = 0.4, Largest = 10, LargestHue = 0.5;

    private readonly double _brightness, _contrast, _saturation, _hue;

    public ColorJitter() : this(Default) { }

    /// <param name="strength">Brightness, contrast and saturation change by factors of 1 - strength to 1 + strength.</param>
    /// <exception cref="GpuCnnException">The strength is out of range.</exception>
    public ColorJitter(double strength) : this(strength, strength, strength) { }

    /// <param name="brightness">Changes by a factor of 1 - brightness to 1 + brightness; 0 leaves it.</param>
    /// <param name="contrast">The same of contrast.</param>
    /// <param name="saturation">The same of saturation.</param>
    /// <param name="hue">Largest turn of the hue to either side, up to 0.5 of the circle.</param>
    /// <exception cref="GpuCnnException">A number is out of range, or all are 0.</exception>
    public ColorJitter(double brightness, double contrast, double saturation, double hue = 0)
    {
        _brightness = Checked(brightness, 0, Largest, "a strength");
        _contrast = Checked(contrast, 0, Largest, "a strength");
        _saturation = Checked(saturation, 0, Largest, "a strength");
        _hue = Checked(hue, 0, LargestHue, "a turn of the hue");
        if (brightness == 0 && contrast == 0 && saturation == 0 && hue == 0)
            throw new GpuCnnException($"{nameof(ColorJitter)} expects a strength above 0, but got 0 of all.");
    }

    public override string Name => "jitter";

    public override string Usage =>
        "jitter(A) (brightness, contrast and saturation by factors of 1-A to 1+A; "
        + "jitter(B,C,S,H) each by its own, hue by up to H of a turn)";

    public override AugmentationStep? TryParse(StepText text)
    {
        if (text.Name != Name || text.Arguments.Count is not (1 or 3 or 4)
            || !text.TryNumbers(0, Largest, [0, 0, 0, 0], out double[] values)) return null;
        if (text.Arguments.Count == 1) values[1] = values[2] = values[0];
        return values[3] > LargestHue || values.All(value => value == 0)
            ? null
            : new ColorJitter(values[0], values[1], values[2], values[3]);
    }

    public override void Apply(ref RandomStream random, PictureCanvas canvas)
    {
        Span<int> order = [0, 1, 2, 3];
        random.Shuffle(order);
        float? brightness = Factor(ref random, _brightness), contrast = Factor(ref random, _contrast),
            saturation = Factor(ref random, _saturation);
        double hue = _hue == 0 ? 0 : random.NextDouble(-_hue, _hue);
        foreach (int change in order)
        {
            if (change == 0 && brightness is { } b) Blend.Brightness(canvas, b);
            else if (change == 1 && contrast is { } c) Blend.Contrast(canvas, c);
            else if (change == 2 && saturation is { } s) Blend.Saturation(canvas, s);
            else if (change == 3 && _hue > 0) Hue.Shift(canvas, hue);
        }
    }

    public override string ToString()
    {
        string text = _brightness == _contrast && _contrast == _saturation ? StepText.Of(_brightness)
            : $"{StepText.Of(_brightness)},{StepText.Of(_contrast)},{StepText.Of(_saturation)}";
        if (_hue > 0) text = $"{StepText.Of(_brightness)},{StepText.Of(_contrast)},{StepText.Of(_saturation)},{StepText.Of(_hue)}";
        return $"{Name}({text})";
    }

    private static float? Factor(ref RandomStream random, double strength) =>
        strength == 0 ? null : (float)random.NextDouble(Math.Max(0, 1 - strength), 1 + strength);
}
