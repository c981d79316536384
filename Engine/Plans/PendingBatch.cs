namespace GpuCnn.Engine.Plans;

/// <summary>
/// A batch that runs: its parts, and their labels, because the batch may change before the losses are known. Used again and again.
/// </summary>
/// <param name="images">Most images of a part.</param>
/// <param name="mostParts">Most parts.</param>
internal sealed class PendingBatch(int images, int mostParts)
{
    private readonly int[] _labels = new int[images * mostParts], _counts = new int[mostParts];

    public int Parts { get; private set; }

    /// <summary>Whether the network's output is read too.</summary>
    public bool ReadsOutput { get; set; }

    public void Clear() => (Parts, ReadsOutput) = (0, false);

    /// <param name="labels">[images]</param>
    /// <param name="count">Images that the part has.</param>
    public void Add(ReadOnlySpan<int> labels, int count)
    {
        labels.CopyTo(_labels.AsSpan(Parts * images));
        _counts[Parts++] = count;
    }

    /// <summary>Sums up the losses and the ranks of a part.</summary>
    /// <param name="losses">[images]</param>
    /// <param name="ranks">[images] number of classes that score above the label's.</param>
    public BatchResult Sum(int part, ReadOnlySpan<float> losses, ReadOnlySpan<int> ranks)
    {
        double sum = 0;
        int counted = 0, top1 = 0, top5 = 0;
        for (int image = 0; image < _counts[part]; image++)
        {
            // An image without a label could not be read and does not count.
            if (_labels[part * images + image] < 0) continue;
            counted++;
            sum += losses[image];
            if (ranks[image] < 1) top1++;
            if (ranks[image] < 5) top5++;
        }
        return new(counted, sum, top1, top5);
    }
}
