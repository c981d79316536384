using GpuCnn.Engine;

namespace GpuCnn.Data;

/// <summary>Random changes of training images, a function of the seed, the epoch and the image alone.</summary>
public sealed class Augmentation
{
    private static readonly IReadOnlyList<AugmentationStep> Known = Catalog.Of<AugmentationStep>();

    private readonly AugmentationStep[] _steps;

    private Augmentation(AugmentationStep[] steps) => _steps = steps;

    /// <summary>Images as they are.</summary>
    public static Augmentation None { get; } = new([]);

    /// <summary>How each is written: "cropN (N pixels, such as crop4), flip".</summary>
    public static string Usage => string.Join(", ", Known.Select(step => step.Usage));

    /// <summary>Reads names separated by commas, such as <c>flip,crop4</c>; <c>none</c> or nothing is <see cref="None"/>.</summary>
    /// <exception cref="GpuCnnException">A name is unknown.</exception>
    public static Augmentation Parse(string text)
    {
        if (text.Trim() is "" or "none") return None;
        return new Augmentation([.. text.Split(',').Select(part => ParseStep(part.Trim()))]);
    }

    public override string ToString() => _steps.Length == 0 ? "none" : string.Join(",", _steps.Select(step => step.ToString()));

    internal SampleTransform Draw(ulong seed, long epoch, int image)
    {
        SampleTransform transform = default;
        if (_steps.Length == 0) return transform;
        RandomStream random = new(seed, AugmentationStream + (ulong)epoch, (ulong)image);
        foreach (AugmentationStep step in _steps) step.Draw(ref random, ref transform);
        return transform;
    }

    /// <summary>Keeps these numbers apart from those that order an epoch.</summary>
    private const ulong AugmentationStream = 1UL << 62;

    private static AugmentationStep ParseStep(string name) => Known.Select(step => step.TryParse(name))
        .FirstOrDefault(step => step is not null)
        ?? throw new GpuCnnException(
            $"Augmentation expects names of: {Usage}, but got {DataFile.Quote(name)}; separate several with commas, as in flip,crop4.");
}
