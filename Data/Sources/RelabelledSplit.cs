namespace GpuCnn.Data;

/// <summary>The images of another split with the class indices of another list of classes, matched by name.</summary>
internal sealed class RelabelledSplit : ImageSplit
{
    private readonly ImageSplit _split;

    private RelabelledSplit(ImageSplit split, IReadOnlyList<string> classes, IReadOnlyList<int> labels)
        : base(split.Description, classes, labels) =>
        _split = split;

    public override bool IsInMemory => _split.IsInMemory;

    internal override bool IsStreamed => _split.IsStreamed;

    /// <summary>
    /// The split with the indices of <paramref name="classes"/>. <paramref name="unknown"/> receives the split's classes that are missing
    /// there.
    /// </summary>
    public static ImageSplit? TryCreate(ImageSplit split, IReadOnlyList<string> classes, out IReadOnlyList<string> unknown)
    {
        Dictionary<string, int> index = [];
        for (int i = 0; i < classes.Count; i++)
        {
            if (!index.TryAdd(classes[i], i) && split.Classes.Contains(classes[i]))
            {
                throw new AmbiguousClassException($"Images of the class {DataFile.Quote(classes[i])} expect one class of that name, " +
                    $"but the weights have it as {index[classes[i]]} and {i}; " +
                    "import them again with names that tell the two apart.");
            }
        }
        unknown = [.. split.Classes.Where(name => !index.ContainsKey(name))];
        if (unknown.Count > 0) return null;
        if (split.Classes.SequenceEqual(classes)) return split;
        int[] map = [.. split.Classes.Select(name => index[name])];
        return new RelabelledSplit(split, classes, [.. split.Labels.Select(label => map[label])]);
    }

    public override string Name(int index) => _split.Name(index);

    public override ImageHeader Open(int index, PictureDecoder decoder) => _split.Open(index, decoder);

    public override PixelImage Read(int index) => _split.Read(index);

    internal override ImageStamp? Stamp(int index) => _split.Stamp(index);

    internal override ulong ContentHash(int index) => _split.ContentHash(index);

    internal override int Sample(int place, int count) => _split.Sample(place, count);

    internal override void Shuffle(Span<int> order, ulong seed, long epoch) => _split.Shuffle(order, seed, epoch);
}
