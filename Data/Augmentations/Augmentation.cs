using System.Collections;
using System.Runtime.CompilerServices;
using GpuCnn.Data;
using GpuCnn.Engine;
using GpuCnn.Engine.Sets;
using GpuCnn.Engine.Tensors;

namespace GpuCnn;

/// <summary>
/// Random changes of training images, a function of the seed, the epoch and the image alone: a list of steps, as in
/// <c>[new RandomCrop(4), new Flip()]</c>, or a text that <see cref="Parse"/> reads.
/// </summary>
[CollectionBuilder(typeof(Augmentation), nameof(Create))]
public sealed class Augmentation : IReadOnlyList<AugmentationStep>
{
    private static IReadOnlyList<AugmentationStep> Known => Registry.CreateAll<AugmentationStep>();

    private readonly AugmentationStep[] _steps;
    private readonly FramingStep[] _framing;
    private readonly PixelStep[] _pixels;
    private readonly ValueStep[] _values;
    private readonly string _text;

    private Augmentation(AugmentationStep[] steps)
    {
        string[] frames = [.. steps.OfType<FramingStep>().Where(step => step.Frames).Select(step => step.ToString())];
        if (frames.Length > 1)
        {
            throw new GpuCnnException(
                $"Augmentation expects one way to crop, but got {string.Join(" and ", frames)}; leave one of them out.");
        }
        _steps = steps;
        _framing = [.. steps.OfType<FramingStep>()];
        _pixels = [.. steps.OfType<PixelStep>()];
        _values = [.. steps.OfType<ValueStep>()];
        _text = steps.Length == 0 ? "none" : string.Join(",", steps.Select(step => step.ToString()));
    }

    /// <summary>Images as they are.</summary>
    public static Augmentation None { get; } = new([]);

    /// <summary>Names of lists: <c>none, flip, ...</c></summary>
    public static IReadOnlyList<string> Presets { get; } = ["none", "flip", "crop-flip", "imagenet", "strong"];

    /// <summary>How each is written: "cropN (N pixels, such as crop4), flip".</summary>
    public static string Usage => string.Join(", ", Known.Select(step => step.Usage));

    /// <summary>Whether 8-bit pixels are changed after they were scaled.</summary>
    internal bool ChangesPixels => _pixels.Length > 0;

    /// <summary>Whether a step decides what is scaled to the input, in place of how images are fitted.</summary>
    internal bool Frames => _framing.Any(step => step.Frames);

    /// <summary>
    /// Reads names separated by commas, such as <c>flip,crop4</c>, or one of <see cref="Presets"/>: <c>none</c> (or nothing), <c>flip</c>,
    /// <c>crop-flip</c> (padding of an eighth of the side), <c>imagenet</c> (crops of 8 to 100 % of the area), <c>strong</c> (these,
    /// TrivialAugment and erasing: torchvision's later recipes).
    /// </summary>
    /// <param name="input">The network's input, which some lists follow from.</param>
    /// <exception cref="GpuCnnException">A name is unknown, its arguments are wrong, or two steps exclude each other.</exception>
    public static Augmentation Parse(string text, Shape? input = null)
    {
        text = text.Trim();
        if (text is "" or "none") return None;
        int side = input is { IsVector: false } shape ? Math.Min(shape.Height, shape.Width) : 32;
        text = text switch
        {
            "crop-flip" => $"crop{Math.Max(1, side / 8)},flip",
            "imagenet" => "crop(0.08-1),flip",
            "strong" => "crop(0.08-1),flip,trivialaugment,erase(0.1)",
            _ => text,
        };
        return new Augmentation([.. StepText.Split(text).Select(ParseStep)]);
    }

    /// <summary>The changes of <paramref name="steps"/>, in their order.</summary>
    /// <exception cref="GpuCnnException">Two steps exclude each other.</exception>
    public static Augmentation Create(params ReadOnlySpan<AugmentationStep> steps) => new(steps.ToArray());

    public int Count => _steps.Length;

    public AugmentationStep this[int index] => _steps[index];

    public IEnumerator<AugmentationStep> GetEnumerator() => _steps.AsEnumerable().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public override string ToString() => _text;

    /// <summary>The draws of an image: first for <see cref="Frame"/>, then for the others.</summary>
    internal static RandomStream Draws(ulong seed, long epoch, int image) => new(seed, AugmentationStream + (ulong)epoch, (ulong)image);

    internal void Frame(ref RandomStream random, Window picture, Shape input, ref Framing framing)
    {
        foreach (FramingStep step in _framing) step.Draw(ref random, picture, input, ref framing);
    }

    internal void ChangePixels(ref RandomStream random, PictureCanvas canvas)
    {
        foreach (PixelStep step in _pixels) step.Apply(ref random, canvas);
    }

    internal void ChangeValues(ref RandomStream random, Span<float> values, Shape input, IReadOnlyList<float> std)
    {
        foreach (ValueStep step in _values) step.Apply(ref random, values, input, std);
    }

    /// <summary>The side that pictures are scaled to whatever is drawn, or 0.</summary>
    internal int FixedScale(Shape input) => _framing.Select(step => step.FixedScale(input)).FirstOrDefault(side => side > 0);

    /// <summary>Keeps these numbers apart from those that order an epoch.</summary>
    private const ulong AugmentationStream = 1UL << 62;

    private static AugmentationStep ParseStep(string text)
    {
        StepText? parsed = StepText.TryParse(text);
        IReadOnlyList<AugmentationStep> known = Known;
        if (parsed is not null && known.Select(step => step.TryParse(parsed))
            .FirstOrDefault(step => step is not null) is { } found) return found;
        string name = text.Split('(')[0].TrimEnd('0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ' ');
        string[] near = [.. known.Where(step => step.Name == name).Select(step => step.Usage)];
        string expected = near.Length > 0 ? string.Join("; or ", near) : $"{string.Join(", ", Presets)}, or names of: {Usage}";
        throw new GpuCnnException(
            $"Augmentation expects {expected}; but got {DataFile.Quote(text)}; separate several with commas, as in flip,crop4.");
    }
}
