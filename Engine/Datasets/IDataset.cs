using GpuCnn.Engine.Tensors;

namespace GpuCnn.Engine.Datasets;

/// <summary>Labelled images that the trainer can read in batches, already brought to the network's input shape.</summary>
public interface IDataset
{
    /// <summary>What was recognised, for people: "MNIST IDX files (gzip), 60,000 images".</summary>
    string Description { get; }

    /// <summary>The shape of one image as the network gets it.</summary>
    Shape Shape { get; }

    /// <summary>Class names in index order.</summary>
    IReadOnlyList<string> Classes { get; }

    int Count { get; }

    /// <summary>
    /// Full batches for ever, from training step <paramref name="firstStep"/> (0 is the first of the run) on. Each epoch is
    /// <c>Count / batch</c> steps over a new order; the images left over take their turn in another epoch's order. Order and
    /// augmentation are functions of the seed, the epoch and the image alone: not of threads, nor of where reading began.
    /// </summary>
    IBatchReader ReadTraining(int batch, ulong seed, long firstStep);

    /// <summary>Every image once, in file order, without augmentation; the last batch may not be full.</summary>
    IBatchReader ReadEvaluation(int batch);
}

/// <summary>Reads batches in order, ahead of its caller, on threads of its own.</summary>
public interface IBatchReader : IDisposable
{
    /// <summary>The next batch, or null at the end. The batch is the caller's until the next call, then it is filled again.</summary>
    /// <exception cref="UnreadableDataException">Images cannot be read; the batches before are good.</exception>
    Batch? Next();
}
