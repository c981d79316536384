namespace GpuCnn.Engine.Sets;

/// <summary>
/// A value of a setting that is no number: a struct that reads itself from text, and whose <c>ToString</c> gives that text. Its default
/// value answers for the type.
/// </summary>
public interface ISettingValue
{
    /// <summary>Accepted texts in words: "balanced, or a number for each class".</summary>
    string Expected { get; }

    /// <summary>Stands for a value in help.</summary>
    string Placeholder { get; }

    /// <summary>Reads a value; null if the text is none.</summary>
    ISettingValue? Parse(string text);
}
