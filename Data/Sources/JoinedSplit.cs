namespace GpuCnn.Data;

/// <summary>The images of several splits with the same classes, one split after another.</summary>
internal sealed class JoinedSplit : ImageSplit
{
    private readonly IReadOnlyList<ImageSplit> _splits;
    private readonly int[] _first;

    /// <param name="description">See <see cref="ImageSplit.Description"/>.</param>
    /// <param name="splits">At least one.</param>
    public JoinedSplit(string description, IReadOnlyList<ImageSplit> splits)
        : base(description, splits[0].Classes, [.. splits.SelectMany(split => split.Labels)])
    {
        if (splits.Any(split => !split.Classes.SequenceEqual(Classes)))
            throw new ArgumentException("Expected splits of the same classes, but got different ones.", nameof(splits));
        _splits = splits;
        _first = new int[splits.Count];
        for (int s = 1; s < _first.Length; s++) _first[s] = _first[s - 1] + splits[s - 1].Count;
    }

    public override bool IsInMemory => _splits.All(split => split.IsInMemory);

    public override string Name(int index) => At(ref index).Name(index);

    public override ImageHeader Open(int index, PictureDecoder decoder) => At(ref index).Open(index, decoder);

    public override PixelImage Read(int index) => At(ref index).Read(index);

    internal override ImageStamp? Stamp(int index) => At(ref index).Stamp(index);

    internal override ulong ContentHash(int index) => At(ref index).ContentHash(index);

    /// <summary>The split of an image. <paramref name="index"/> becomes the index within it.</summary>
    private ImageSplit At(ref int index)
    {
        int split = _first.Length - 1;
        while (index < _first[split]) split--;
        index -= _first[split];
        return _splits[split];
    }
}
