using GpuCnn.Engine;

namespace GpuCnn.Data;

/// <summary>
/// One way data sets lie on disk. Every class of this assembly that implements it is in use: to add a kind of data set is to add a file.
/// </summary>
internal interface IDatasetFormat
{
    /// <summary>What people are told is accepted: "MNIST or EMNIST IDX files".</summary>
    string Expected { get; }

    /// <summary>
    /// Whether it counts only where no other kind is recognised: a CSV file may lie beside the class folders it describes.
    /// </summary>
    bool IsLastResort => false;

    /// <summary>Whether the path looks like this kind, from names alone. A folder of two kinds is an error, so be strict.</summary>
    bool Recognises(string path);

    /// <summary>
    /// Opens what was recognised; what makes it unfit for training goes to <see cref="LocatedDataset.Problems"/> where the rest can
    /// still be read.
    /// </summary>
    /// <exception cref="GpuCnnException">There is nothing usable.</exception>
    LocatedDataset Open(string path);
}
