using GpuCnn.Engine.Distributed;
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
    /// the seed, the epoch and the image, not on threads, ranks or where reading began.
    /// </summary>
    /// <param name="batch">Images of a step over all ranks, a multiple of <see cref="Shard.Parts"/>.</param>
    /// <param name="shard">
    /// The rank's share: batches hold <see cref="Shard.CountOfStep"/> images, the rank's range of each part, one part after another. Null
    /// reads all.
    /// </param>
    IBatchReader ReadTraining(int batch, ulong seed, long firstStep, Shard? shard = null);

    /// <summary>Reads images once, in file order, without augmentation; the last batch may not be full.</summary>
    /// <param name="batch">Images of one of the rank's own batches.</param>
    /// <param name="shard">
    /// The rank's share: its range of all images (<see cref="Shard.Of"/>), so that ranks may have different numbers of batches, or none.
    /// Null reads all.
    /// </param>
    IBatchReader ReadEvaluation(int batch, Shard? shard = null);

    /// <summary>
    /// Tells all ranks which images any of them could not read, so that rank 0 can name them all. The ranks call it together, at the end of
    /// an epoch.
    /// </summary>
    /// <exception cref="UnreadableDataException">Those of all ranks are too many; thrown on all ranks.</exception>
    void ShareUnreadable(Communicator ranks) { }
}

/// <summary>Reads batches in order, ahead of its caller, on its own threads.</summary>
public interface IBatchReader : IDisposable
{
    /// <summary>Returns the next batch, or null at the end. The batch is valid until the next call, which refills it.</summary>
    /// <exception cref="UnreadableDataException">Images cannot be read; earlier batches are valid.</exception>
    Batch? Next();
}
