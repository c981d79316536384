using GpuCnn.Engine.Distributed;
using GpuCnn.Engine.Plans;

namespace GpuCnn.Engine.Training;

/// <summary>
/// Brings what a network says of each rank's images to rank 0, batch by batch. Each rank with a batch gives it to the others in turn, so
/// that memory holds one batch beside the rank's own.
/// </summary>
internal sealed class JudgedOutputs
{
    private readonly Communicator _ranks;
    private readonly ImageJudged? _judged;
    private readonly bool _isJudged;
    private readonly int _classes;
    private readonly int[] _labels, _otherLabels;
    private readonly float[] _own, _other;

    // Of each rank, how many images its batch has and the place of the first one in the data set.
    private readonly int[] _batches;

    private JudgedOutputs(Communicator ranks, Plan plan, ImageJudged? judged, bool isJudged, int longest)
    {
        (_ranks, _judged, _isJudged) = (ranks, judged, isJudged);
        _classes = plan.Parameters.Network.Output.Shape.Count;
        _labels = new int[plan.Options.Images];
        _own = new float[plan.Options.Images * _classes];
        _batches = new int[2 * ranks.Size];
        _otherLabels = isJudged && !ranks.IsAlone ? new int[longest] : [];
        _other = isJudged && !ranks.IsAlone ? new float[longest * _classes] : [];
    }

    /// <summary>[images][classes] outputs of the batch that was read last.</summary>
    public float[] Own => _own;

    /// <summary>Returns null where outputs are neither judged, which is rank 0's word, nor read.</summary>
    public static JudgedOutputs? Create(Communicator ranks, Plan plan, ImageJudged? judged, bool isRead)
    {
        Span<int> isJudged = [judged is null ? 0 : 1];
        ranks.Broadcast(isJudged);
        if (isJudged[0] == 0 && !isRead) return null;
        // Ranks may have batches of different sizes.
        Span<int> all = new int[ranks.Size];
        ranks.AllGather<int>([plan.Options.Images], all);
        int longest = 0;
        foreach (int images in all) longest = Math.Max(longest, images);
        return new(ranks, plan, judged, isJudged[0] != 0, longest);
    }

    /// <summary>Reads the outputs of a batch, and returns its results.</summary>
    public BatchResult Read(EvaluatedBatches batches)
    {
        batches.Labels.CopyTo(_labels);
        return batches.Read(plan: 0, _own);
    }

    /// <summary>Judges the batches of all ranks on rank 0. Returns what its receiver threw, or null.</summary>
    /// <param name="first">Place in the data set of the first image of this rank's batch.</param>
    /// <param name="count">Images of this rank's batch; 0 if it has none.</param>
    public Exception? Judge(int first, int count)
    {
        if (!_isJudged) return null;
        _ranks.AllGather<int>([first, count], _batches);
        Exception? failure = null;
        for (int rank = 0; rank < _ranks.Size; rank++)
        {
            (int at, int images) = (_batches[2 * rank], _batches[2 * rank + 1]);
            if (images == 0) continue;
            bool isOwn = rank == _ranks.Rank;
            Span<int> labels = (isOwn ? _labels : _otherLabels).AsSpan(0, images);
            Span<float> outputs = (isOwn ? _own : _other).AsSpan(0, images * _classes);
            // Rank 0 has its own.
            if (rank != 0)
            {
                _ranks.Broadcast(labels, rank);
                _ranks.Broadcast(outputs, rank);
            }
            if (!_ranks.IsFirst || failure is not null) continue;
            try
            {
                for (int image = 0; image < images; image++)
                    if (labels[image] >= 0)
                        _judged!(at + image, labels[image], Evaluation.Softmax(outputs.Slice(image * _classes, _classes)));
            }
            catch (Exception exception)
            {
                // The others go on to give their batches.
                failure = exception;
            }
        }
        return failure;
    }
}
