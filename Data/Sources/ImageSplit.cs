using GpuCnn.Engine;

namespace GpuCnn.Data;

/// <summary>Labeled images for one purpose (training, validation), as stored in the files. Safe to read from several threads.</summary>
public abstract class ImageSplit
{
    private const ulong OrderStream = 1UL << 63;

    /// <summary>Used by <see cref="Read"/>, which decodes one image at a time on each thread.</summary>
    [ThreadStatic]
    private static PictureDecoder? _decoder;

    /// <param name="description">See <see cref="Description"/>.</param>
    /// <param name="classes">See <see cref="Classes"/>.</param>
    /// <param name="labels">See <see cref="Labels"/>.</param>
    protected ImageSplit(string description, IReadOnlyList<string> classes, IReadOnlyList<int> labels)
    {
        Description = description;
        Classes = classes;
        Labels = labels;
    }

    /// <summary>Description for users: "class folders, 1,600 images".</summary>
    public string Description { get; }

    /// <summary>Class names in index order.</summary>
    public IReadOnlyList<string> Classes { get; }

    /// <summary>The class index of each image.</summary>
    public IReadOnlyList<int> Labels { get; }

    public int Count => Labels.Count;

    /// <summary>Whether reading an image needs neither file access nor decoding.</summary>
    public abstract bool IsInMemory { get; }

    /// <summary>Whether images are read front to back, and only in orders of the split's own (<see cref="Shuffle"/>).</summary>
    internal virtual bool IsStreamed => false;

    /// <summary>The image's location, for messages: its path, or its place within a file.</summary>
    public abstract string Name(int index);

    /// <summary>Opens an image in a decoder. The caller then decodes the window that it needs.</summary>
    /// <param name="index">Index of the image.</param>
    /// <param name="decoder">Owned by the calling thread.</param>
    /// <exception cref="GpuCnnException">The image cannot be read, or its header is damaged.</exception>
    public abstract ImageHeader Open(int index, PictureDecoder decoder);

    /// <summary>Identifies the state of the image's source; null if that is unknown, or as expensive as reading the image.</summary>
    internal virtual ImageStamp? Stamp(int index) => null;

    /// <summary>
    /// The image's content as a number that depends neither on names nor on places: of the encoded bytes where the image is in a file, of
    /// the extents and pixels where it is in memory. See <see cref="ImageContent"/>.
    /// </summary>
    /// <exception cref="GpuCnnException">The image cannot be read.</exception>
    internal virtual ulong ContentHash(int index) => ImageContent.Hash(Read(index));

    /// <summary>Reads the whole image, upright. The caller must not change it.</summary>
    /// <exception cref="GpuCnnException">The image cannot be read or decoded.</exception>
    public virtual PixelImage Read(int index)
    {
        _decoder ??= new PictureDecoder();
        Open(index, _decoder);
        return _decoder.Decode().ToImage();
    }

    /// <summary>
    /// Writes the indices of all images in an epoch's training order, a function of the seed and the epoch. Images that can only be read
    /// front to back are shuffled as far as that allows.
    /// </summary>
    /// <param name="order">[<see cref="Count"/>].</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="epoch">Counted from 0.</param>
    internal virtual void Shuffle(Span<int> order, ulong seed, long epoch)
    {
        for (int i = 0; i < order.Length; i++) order[i] = i;
        new RandomStream(seed, OrderStream, (ulong)epoch).Shuffle(order);
    }

    /// <summary>
    /// The index of one of <paramref name="count"/> representative images, ascending. They are evenly spaced, unless that means reading
    /// what lies between.
    /// </summary>
    /// <param name="place">From 0 to <paramref name="count"/> - 1.</param>
    /// <param name="count">At most <see cref="Count"/>.</param>
    internal virtual int Sample(int place, int count) => (int)((long)place * Count / count);

    /// <summary>Number of images of each class.</summary>
    public int[] CountPerClass()
    {
        int[] counts = new int[Classes.Count];
        foreach (int label in Labels) counts[label]++;
        return counts;
    }

    public override string ToString() => Description;
}

/// <summary>Images held in memory decoded, such as those of data sets packed in a few files.</summary>
/// <param name="description">See <see cref="ImageSplit.Description"/>.</param>
/// <param name="classes">See <see cref="ImageSplit.Classes"/>.</param>
/// <param name="labels">See <see cref="ImageSplit.Labels"/>.</param>
/// <param name="images">[labels.Count].</param>
/// <param name="file">The file that numbers the images, for messages.</param>
public sealed class MemorySplit(
    string description, IReadOnlyList<string> classes, IReadOnlyList<int> labels, IReadOnlyList<PixelImage> images, string file)
    : ImageSplit(description, classes, labels)
{
    public override bool IsInMemory => true;

    public override string Name(int index) => $"{file}#{index}";

    public override ImageHeader Open(int index, PictureDecoder decoder) => decoder.Open(images[index]);

    public override PixelImage Read(int index) => images[index];
}
