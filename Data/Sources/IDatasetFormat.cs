using GpuCnn.Engine;

namespace GpuCnn.Data;

/// <summary>
/// A layout of data sets on disk. Every class with a parameterless constructor that implements it is in use, in this assembly and in the
/// program's own: a kind of data set is added by adding a file.
/// </summary>
public interface IDatasetFormat
{
    /// <summary>What it accepts, for messages: "MNIST or EMNIST IDX files".</summary>
    string Expected { get; }

    /// <summary>
    /// Whether it is used only if no other kind recognizes the path: a CSV file may lie next to the class folders it describes.
    /// </summary>
    bool IsLastResort => false;

    /// <summary>Whether the path looks like this kind, judging by names alone. Be strict: a folder of two kinds is an error.</summary>
    bool Recognises(string path);

    /// <summary>
    /// Opens a recognized data set. Records what makes it unfit for training in <see cref="LocatedDataset.Problems"/> if the rest can still
    /// be read.
    /// </summary>
    /// <exception cref="GpuCnnException">There is nothing usable.</exception>
    LocatedDataset Open(string path);
}
