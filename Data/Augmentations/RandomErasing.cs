using GpuCnn.Data;
using GpuCnn.Engine;
using GpuCnn.Engine.Tensors;

namespace GpuCnn;

/// <summary>
/// Sets a rectangle of a share of the images to 0, the mean: 2 to 33 % of the area, 0.3 to 3.3 as high as wide
/// (https://arxiv.org/abs/1708.04896).
/// torchvision's RandomErasing.
/// </summary>
public sealed class RandomErasing : ValueStep
{
    private const int Attempts = 10;
    private const double DefaultShare = 0.5, SmallestShare = 0.02, LargestShare = 0.33;
    private static readonly double LogFlat = Math.Log(0.3), LogTall = Math.Log(3.3);

    private readonly double _share;

    public RandomErasing() : this(DefaultShare) { }

    /// <param name="share">Share of the images that a rectangle is erased of, above 0 and up to 1.</param>
    /// <exception cref="GpuCnnException">The share is out of range.</exception>
    public RandomErasing(double share) => _share = Positive(share, 1, "a share of the images");

    public override string Name => "erase";

    public override string Usage => "erase(P) (a rectangle of a share P of the images, such as erase(0.25))";

    public override AugmentationStep? TryParse(StepText text) =>
        text.Name == Name && text.Arguments.Count == 1 && text.TryNumbers(0, 1, [0], out double[] values) && values[0] > 0
            ? new RandomErasing(values[0]) : null;

    public override void Apply(ref RandomStream random, Span<float> values, Shape input, IReadOnlyList<float> std)
    {
        if (random.NextDouble() >= _share || TryDraw(ref random, input) is not { } box) return;
        for (int y = box.Y; y < box.Bottom; y++)
            values.Slice((y * input.Width + box.X) * input.Channels, box.Width * input.Channels).Clear();
    }

    public override string ToString() => $"{Name}({StepText.Of(_share)})";

    private static Window? TryDraw(ref RandomStream random, Shape input)
    {
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            double area = input.Area * random.NextDouble(SmallestShare, LargestShare),
                ratio = Math.Exp(random.NextDouble(LogFlat, LogTall));
            int height = (int)Math.Round(Math.Sqrt(area * ratio)), width = (int)Math.Round(Math.Sqrt(area / ratio));
            if (height >= input.Height || width >= input.Width) continue;
            int top = random.NextInt(input.Height - height + 1);
            return new Window(random.NextInt(input.Width - width + 1), top, width, height);
        }
        return null;
    }
}
