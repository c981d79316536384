using GpuCnn.Engine;

namespace GpuCnn.Data;

/// <summary>Labelled images of one purpose (training, validation), as they are in the files. Safe to read from several threads.</summary>
public abstract class ImageSplit
{
    private const ulong OrderStream = 1UL << 63;

    /// <summary>Whoever reads whole images does so one at a time on a thread.</summary>
    [ThreadStatic]
    private static PictureDecoder? _decoder;

    private protected ImageSplit(string description, IReadOnlyList<string> classes, IReadOnlyList<int> labels)
    {
        Description = description;
        Classes = classes;
        Labels = labels;
    }

    /// <summary>For people: "class folders, 1,600 images".</summary>
    public string Description { get; }

    /// <summary>Class names in index order.</summary>
    public IReadOnlyList<string> Classes { get; }

    /// <summary>The class index of each image.</summary>
    public IReadOnlyList<int> Labels { get; }

    public int Count => Labels.Count;

    /// <summary>Whether reading an image costs no file access and no decoding.</summary>
    public abstract bool IsInMemory { get; }

    /// <summary>Where the image is, for messages: its path, or its place within a file.</summary>
    public abstract string Name(int index);

    /// <summary>Opens an image in a decoder, of which the caller then takes the window that it needs.</summary>
    /// <param name="index">Of the image.</param>
    /// <param name="decoder">The calling thread's own.</param>
    /// <exception cref="GpuCnnException">The image cannot be read, or its header is damaged.</exception>
    public abstract ImageHeader Open(int index, PictureDecoder decoder);

    /// <summary>What tells that the image's source is as it was; null where it cannot be told, or costs as much as reading it.</summary>
    internal virtual ImageStamp? Stamp(int index) => null;

    /// <summary>The whole image, upright, which the caller does not change.</summary>
    /// <exception cref="GpuCnnException">The image cannot be read or decoded.</exception>
    public virtual PixelImage Read(int index)
    {
        _decoder ??= new PictureDecoder();
        Open(index, _decoder);
        return _decoder.Decode().ToImage();
    }

    /// <summary>
    /// Writes the indices of all images in the order in which an epoch trains on them, a function of the seed and the epoch. What can only
    /// be read front to back is shuffled as far as that allows.
    /// </summary>
    /// <param name="order">[<see cref="Count"/>].</param>
    /// <param name="seed">Of the run.</param>
    /// <param name="epoch">Counted from 0.</param>
    internal virtual void Shuffle(Span<int> order, ulong seed, long epoch)
    {
        for (int i = 0; i < order.Length; i++) order[i] = i;
        new RandomStream(seed, OrderStream, (ulong)epoch).Shuffle(order);
    }

    /// <summary>
    /// The index of one of so many images that stand for all, ascending; evenly spaced, where that does not mean reading what lies between.
    /// </summary>
    /// <param name="place">From 0 to <paramref name="count"/> - 1.</param>
    /// <param name="count">At most <see cref="Count"/>.</param>
    internal virtual int Sample(int place, int count) => (int)((long)place * Count / count);

    /// <summary>Images of each class.</summary>
    public int[] CountPerClass()
    {
        int[] counts = new int[Classes.Count];
        foreach (int label in Labels) counts[label]++;
        return counts;
    }

    public override string ToString() => Description;
}

/// <summary>Images held decoded, as data sets packed in a few files are.</summary>
/// <param name="description">See <see cref="ImageSplit.Description"/>.</param>
/// <param name="classes">See <see cref="ImageSplit.Classes"/>.</param>
/// <param name="labels">See <see cref="ImageSplit.Labels"/>.</param>
/// <param name="images">[labels.Count].</param>
/// <param name="file">What the images are numbered within.</param>
public sealed class MemorySplit(
    string description, IReadOnlyList<string> classes, IReadOnlyList<int> labels, IReadOnlyList<PixelImage> images, string file)
    : ImageSplit(description, classes, labels)
{
    public override bool IsInMemory => true;

    public override string Name(int index) => $"{file}#{index}";

    public override ImageHeader Open(int index, PictureDecoder decoder) => decoder.Open(images[index]);

    public override PixelImage Read(int index) => images[index];
}
