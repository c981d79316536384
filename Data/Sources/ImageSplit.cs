using GpuCnn.Engine;

namespace GpuCnn.Data;

/// <summary>Labelled images of one purpose (training, validation), as they are in the files. Safe to read from several threads.</summary>
public abstract class ImageSplit
{
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

    /// <summary>Where the image is, for messages: its path, or the number within its file.</summary>
    public abstract string Name(int index);

    /// <summary>The image, which the caller does not change.</summary>
    /// <exception cref="GpuCnnException">The image cannot be read or decoded.</exception>
    public abstract PixelImage Read(int index);

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

    public override PixelImage Read(int index) => images[index];
}

/// <summary>Images in files of their own.</summary>
/// <param name="description">See <see cref="ImageSplit.Description"/>.</param>
/// <param name="classes">See <see cref="ImageSplit.Classes"/>.</param>
/// <param name="labels">See <see cref="ImageSplit.Labels"/>.</param>
/// <param name="files">[labels.Count] paths.</param>
public sealed class FileSplit(string description, IReadOnlyList<string> classes, IReadOnlyList<int> labels, IReadOnlyList<string> files)
    : ImageSplit(description, classes, labels)
{
    public override bool IsInMemory => false;

    public override string Name(int index) => files[index];

    public override PixelImage Read(int index) => ImageFile.Read(files[index]);
}

/// <summary>Some images of another split, in the order of <paramref name="indices"/>.</summary>
/// <param name="description">See <see cref="ImageSplit.Description"/>.</param>
/// <param name="whole">The split that has the images.</param>
/// <param name="indices">Which of its images.</param>
public sealed class SubsetSplit(string description, ImageSplit whole, IReadOnlyList<int> indices)
    : ImageSplit(description, whole.Classes, [.. indices.Select(i => whole.Labels[i])])
{
    public override bool IsInMemory => whole.IsInMemory;

    public override string Name(int index) => whole.Name(indices[index]);

    public override PixelImage Read(int index) => whole.Read(indices[index]);
}
