namespace GpuCnn.Data;

/// <summary>Some images of another split, in the order of <paramref name="indices"/>.</summary>
/// <param name="description">See <see cref="ImageSplit.Description"/>.</param>
/// <param name="whole">The split with the images.</param>
/// <param name="indices">Indices of its images to include, ascending.</param>
public sealed class SubsetSplit(string description, ImageSplit whole, IReadOnlyList<int> indices)
    : ImageSplit(description, whole.Classes, [.. indices.Select(i => whole.Labels[i])])
{
    public override bool IsInMemory => whole.IsInMemory;

    internal override bool IsStreamed => whole.IsStreamed;

    public override string Name(int index) => whole.Name(indices[index]);

    public override ImageHeader Open(int index, PictureDecoder decoder) => whole.Open(indices[index], decoder);

    public override PixelImage Read(int index) => whole.Read(indices[index]);

    internal override ImageStamp? Stamp(int index) => whole.Stamp(indices[index]);

    internal override ulong ContentHash(int index) => whole.ContentHash(indices[index]);

    /// <summary>The order of the whole split, restricted to the images of this one.</summary>
    internal override void Shuffle(Span<int> order, ulong seed, long epoch)
    {
        int[] all = new int[whole.Count], place = new int[whole.Count];
        whole.Shuffle(all, seed, epoch);
        for (int i = 0; i < indices.Count; i++) place[indices[i]] = i + 1;
        int filled = 0;
        foreach (int image in all)
            if (place[image] > 0) order[filled++] = place[image] - 1;
    }
}
