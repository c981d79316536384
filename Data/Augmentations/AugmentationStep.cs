namespace GpuCnn.Data;

/// <summary>
/// One random change of training images. Every class of this assembly that derives from it is in use: to add an augmentation is to add
/// a file.
/// </summary>
internal abstract class AugmentationStep
{
    /// <summary>How it is written, for messages: "crop4 (any number of pixels)".</summary>
    public abstract string Usage { get; }

    /// <summary>The step that <paramref name="text"/> names, or null where it names another.</summary>
    public abstract AugmentationStep? TryParse(string text);

    /// <summary>Draws from <paramref name="random"/>, always the same number of times, and changes <paramref name="transform"/>.</summary>
    public abstract void Draw(ref RandomStream random, ref SampleTransform transform);
}
