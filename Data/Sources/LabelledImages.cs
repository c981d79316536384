using System.Globalization;
using GpuCnn.Engine;

namespace GpuCnn.Data;

/// <summary>
/// Derives classes from labels written as text. If a list of names is known, a label is a name or a number in it; otherwise the labels of
/// the training images are the names.
/// </summary>
internal sealed class LabelledImages
{
    private const int ProblemsShown = 20;

    private readonly Dictionary<string, int> _index;
    private readonly bool _isNumbered;
    private readonly string _of;

    private LabelledImages(IReadOnlyList<string> classes, bool isNumbered, string of)
    {
        Classes = classes;
        _isNumbered = isNumbered;
        _of = of;
        _index = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int i = 0; i < classes.Count; i++) _index.TryAdd(classes[i], i);
    }

    /// <summary>Names in index order.</summary>
    public IReadOnlyList<string> Classes { get; }

    /// <summary>One line per label that is not one of the classes.</summary>
    public List<string> Problems { get; } = [];

    /// <summary>Takes classes from a list of names.</summary>
    /// <param name="names">In index order.</param>
    /// <param name="of">Origin of the names, for messages.</param>
    public static LabelledImages ByNames(IReadOnlyList<string> names, string of)
    {
        LabelledImages labels = new(names, isNumbered: true, of);
        foreach (var group in names.Select((name, i) => (name, i)).GroupBy(name => name.name).Where(group => group.Count() > 1))
            labels.Problems.Add($"Classes of {DataFile.Quote(of)}: expected distinct names, but classes " +
                $"{string.Join(" and ", group.Select(name => name.i))} are both {DataFile.Quote(group.Key)}; rename one of them.");
        return labels;
    }

    /// <summary>Takes classes from the labels in use: numbers in numeric order, names in ordinal order.</summary>
    public static LabelledImages ByLabels(IEnumerable<string> labels, string of)
    {
        string[] distinct = [.. labels.Distinct(StringComparer.Ordinal)];
        bool areNumbers = distinct.All(label => int.TryParse(label, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _));
        return new LabelledImages(
            [.. areNumbers ? distinct.OrderBy(label => int.Parse(label, CultureInfo.InvariantCulture))
                : distinct.Order(StringComparer.Ordinal)], isNumbered: false, of);
    }

    /// <summary>
    /// Takes class names, one per line, from <c>classes.txt</c> or <c>class_names.txt</c> of the folder; null if there is none.
    /// </summary>
    public static LabelledImages? Beside(string folder)
    {
        string? file = new[] { "classes.txt", "class_names.txt" }.Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
        return file is null ? null
            : ByNames([.. DataFile.ReadAllText(file).Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0)], file);
    }

    /// <summary>Opens further images, whose labels must all be of these classes.</summary>
    /// <param name="open">Looks up the labels; null if there are no images.</param>
    /// <exception cref="GpuCnnException">A label is not one of the classes, or there are no images.</exception>
    public ImageSplit Strictly(Func<LabelledImages, ImageSplit?> open)
    {
        LabelledImages labels = new(Classes, _isNumbered, _of);
        ImageSplit? split = open(labels);
        if (labels.Problems.Count > 0) throw new GpuCnnException(labels.Problems[0]);
        return split ?? throw new GpuCnnException("Test images: expected some, but got none; add them.");
    }

    /// <summary>The class of a label; -1 and a problem if there is none.</summary>
    /// <param name="label">The label as written.</param>
    /// <param name="where">The image, for messages.</param>
    public int Find(string label, Func<string> where)
    {
        if (_index.TryGetValue(label, out int index)) return index;
        if (_isNumbered && int.TryParse(label, NumberStyles.None, CultureInfo.InvariantCulture, out index)
            && index < Classes.Count) return index;
        string expected = _isNumbered ? $"a label of 0 to {Classes.Count - 1} or one of the names in {DataFile.Quote(_of)}"
            : $"one of the {Classes.Count:N0} classes of {_of}";
        if (Problems.Count < ProblemsShown)
            Problems.Add($"Image {DataFile.Quote(where())}: expected {expected}, but got {DataFile.Quote(label)}; correct or remove it.");
        return -1;
    }
}
