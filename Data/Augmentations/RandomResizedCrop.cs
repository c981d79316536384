using GpuCnn.Data;
using GpuCnn.Engine;
using GpuCnn.Engine.Tensors;

namespace GpuCnn;

/// <summary>
/// Scales a crop of a random share of the area and a random aspect ratio (width to height, uniform in its logarithm) to the input:
/// torchvision's RandomResizedCrop, and GoogLeNet's training crops (https://arxiv.org/abs/1409.4842).
/// </summary>
public sealed class RandomResizedCrop : FramingStep
{
    private const int Attempts = 10;
    private const double SmallestRatio = 3.0 / 4, LargestRatio = 4.0 / 3;

    private const double LeastShare = 0.001, LeastRatio = 0.05, MostRatio = 20, DefaultShare = 0.08;

    private readonly double _low, _high, _narrow, _wide;

    public RandomResizedCrop() : this(DefaultShare) { }

    /// <param name="low">Smallest share of the area, from 0.001.</param>
    /// <param name="high">Largest share of the area, up to 1.</param>
    /// <param name="narrow">Smallest ratio of width to height, from 0.05.</param>
    /// <param name="wide">Largest ratio of width to height, up to 20.</param>
    /// <exception cref="GpuCnnException">A number is out of range, or a range ends before it begins.</exception>
    public RandomResizedCrop(double low, double high = 1, double narrow = SmallestRatio, double wide = LargestRatio)
    {
        _low = Checked(low, LeastShare, 1, "a smallest share of the area");
        _high = Checked(high, low, 1, "a largest share of the area");
        _narrow = Checked(narrow, LeastRatio, MostRatio, "a smallest ratio of width to height");
        _wide = Checked(wide, narrow, MostRatio, "a largest ratio of width to height");
    }

    public override string Name => "crop";

    public override string Usage =>
        "crop(A-B) (a crop of A to B of the area, such as crop(0.08-1); crop(A-B,R-S) with ratios of width to height)";

    public override bool Frames => true;

    public override AugmentationStep? TryParse(StepText text)
    {
        if (text.Name != Name || text.Arguments.Count is not (1 or 2)) return null;
        if (!StepText.TryRange(text.Arguments[0], LeastShare, 1, out double low, out double high)) return null;
        double narrow = SmallestRatio, wide = LargestRatio;
        if (text.Arguments.Count == 2 && !StepText.TryRange(text.Arguments[1], LeastRatio, MostRatio, out narrow, out wide)) return null;
        return new RandomResizedCrop(low, high, narrow, wide);
    }

    public override void Draw(ref RandomStream random, Window picture, Shape input, ref Framing framing) => framing = framing with
    {
        Scaling = Scaling.Of(Crop(ref random, picture.Width, picture.Height), input.Width, input.Height),
        Left = 0,
        Top = 0,
    };

    public override string ToString() => (_narrow, _wide) == (SmallestRatio, LargestRatio)
        ? $"crop({StepText.Of(_low, _high)})" : $"crop({StepText.Of(_low, _high)},{StepText.Of(_narrow, _wide)})";

    /// <summary>Draws until a crop fits; then takes the centre, of the nearest ratio that is allowed.</summary>
    private Window Crop(ref RandomStream random, int width, int height)
    {
        double area = (double)width * height, logNarrow = Math.Log(_narrow), logWide = Math.Log(_wide);
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            double share = area * random.NextDouble(_low, _high), ratio = Math.Exp(random.NextDouble(logNarrow, logWide));
            int w = (int)Math.Round(Math.Sqrt(share * ratio)), h = (int)Math.Round(Math.Sqrt(share / ratio));
            if (w <= 0 || w > width || h <= 0 || h > height) continue;
            int top = random.NextInt(height - h + 1);
            return new Window(random.NextInt(width - w + 1), top, w, h);
        }
        double own = (double)width / height;
        int columns = own > _wide ? Math.Clamp((int)Math.Round(height * _wide), 1, width) : width;
        int rows = own < _narrow ? Math.Clamp((int)Math.Round(width / _narrow), 1, height) : height;
        return new Window((width - columns) / 2, (height - rows) / 2, columns, rows);
    }
}
