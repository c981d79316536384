using GpuCnn.Engine.Tensors;

namespace GpuCnn.Engine.Datasets;

/// <summary>Labelled images that the trainer reads in batches, already in the network's input shape.</summary>
public interface IDataset
{
    /// <summary>Description of the data for users: "MNIST IDX files (gzip), 60,000 images".</summary>
    string Description { get; }

    /// <summary>Shape of one image, as the network gets it.</summary>
    Shape Shape { get; }

    /// <summary>Class names in index order.</summary>
    IReadOnlyList<string> Classes { get; }

    int Count { get; }

    /// <summary>Images of each class; null if that is unknown.</summary>
    IReadOnlyList<int>? CountPerClass => null;

    /// <summary>
    /// Whether training draws each class equally often, so that images of small classes come several times in an epoch, and of large ones
    /// only some.
    /// </summary>
    bool DrawsClassesEvenly => false;

    /// <summary>
    /// Reads full batches without end, from training step <paramref name="firstStep"/> on (0 is the first of the run). Each epoch has
    /// <c>Count / batch</c> steps over a new order; images left over come in another epoch's order. Order and augmentation depend only on
    /// the seed, the epoch and the image, not on threads or where reading began.
    /// </summary>
    IBatchReader ReadTraining(int batch, ulong seed, long firstStep);

    /// <summary>Reads every image once, in file order, without augmentation; the last batch may not be full.</summary>
    IBatchReader ReadEvaluation(int batch);
}

/// <summary>Reads batches in order, ahead of its caller, on its own threads.</summary>
public interface IBatchReader : IDisposable
{
    /// <summary>Returns the next batch, or null at the end. The batch is valid until the next call, which refills it.</summary>
    /// <exception cref="UnreadableDataException">Images cannot be read; earlier batches are valid.</exception>
    Batch? Next();
}
