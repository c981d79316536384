using System.Runtime.ExceptionServices;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Plans;

namespace GpuCnn.Engine.Training;

/// <summary>
/// Evaluates batches with one or more plans. Where devices compute beside the host, the next batch is queued before the results of one are
/// read. A failure to read a batch comes in its turn, after the results of those before it.
/// </summary>
internal sealed class EvaluatedBatches : IDisposable
{
    private readonly IReadOnlyList<Plan> _plans;
    private readonly Func<int, Shard, IBatchReader> _read;
    private readonly int _images, _views, _most;
    private readonly bool _readsOutputs;
    private readonly CancellationToken _cancellation;
    private readonly Begun[] _open;
    private BatchesAhead? _batches;
    private ExceptionDispatchInfo? _failure;
    private long _begun, _taken;
    private int _next;
    private bool _isAtEnd;

    /// <param name="plans">Plans of one batch size, that have a loss.</param>
    /// <param name="read">Reads a share of the images, in batches of a number of views.</param>
    /// <param name="images">All images.</param>
    /// <param name="shard">The share of them that is evaluated.</param>
    /// <param name="views">Views that the reader gives of each image.</param>
    /// <param name="readsOutputs">Whether outputs are read too.</param>
    public EvaluatedBatches(IReadOnlyList<Plan> plans, Func<int, Shard, IBatchReader> read, int images, Shard shard, int views,
        bool readsOutputs, CancellationToken cancellation)
    {
        (_plans, _read, _images, _views) = (plans, read, images, views);
        (_readsOutputs, _cancellation) = (readsOutputs, cancellation);
        Shard = shard;
        _next = shard.Of(images).First;
        _most = plans.Min(plan => plan.MostPending);
        _open = [.. Enumerable.Range(0, _most).Select(_ => new Begun(new int[plans[0].Options.Images]))];
    }

    private Shard Shard { get; }

    /// <summary>Place in the data set of the batch's first image.</summary>
    public int First => Current.First;

    /// <summary>[views] labels of the batch; -1 for images that could not be read.</summary>
    public ReadOnlySpan<int> Labels => Current.Labels.AsSpan(0, Current.Count);

    private Begun Current => _open[(_taken - 1) % _most];

    /// <summary>Goes to the next batch, whose results have to be read of each plan. Returns false at the end.</summary>
    /// <exception cref="UnreadableDataException">Images of the batch cannot be read.</exception>
    /// <exception cref="OperationCanceledException">All batches that were begun before the cancellation have been read.</exception>
    public bool Next()
    {
        while (_begun < _taken + _most && !_isAtEnd && _failure is null) Begin();
        if (_taken == _begun)
        {
            _failure?.Throw();
            return false;
        }
        _taken++;
        return true;
    }

    /// <summary>Returns the results of the batch, once they are known.</summary>
    /// <param name="plan">Index of the plan.</param>
    /// <param name="outputs">[views][outputs] overwritten, if outputs are read.</param>
    public BatchResult Read(int plan, Span<float> outputs = default) => _plans[plan].EndEvaluation(outputs);

    /// <summary>Refuses outputs of the batch that are not finite.</summary>
    /// <param name="plan">Index of the plan that gave them.</param>
    /// <param name="nameOf">Names an image by its place in the data set.</param>
    /// <exception cref="GpuCnnException">See <see cref="FiniteOutputs.Check"/>.</exception>
    public void CheckFinite(int plan, ReadOnlySpan<float> outputs, Func<int, string> nameOf)
    {
        int first = First;
        FiniteOutputs.CheckRead(_plans[plan].Parameters, Labels, outputs, view => nameOf(first + view / _views),
            view => ReadAgain(first + view / _views, view % _views), _plans[plan].Options.Precision);
    }

    public void Dispose()
    {
        foreach (Plan plan in _plans) plan.ForgetPending();
        _batches?.Dispose();
    }

    private void Begin()
    {
        try
        {
            _cancellation.ThrowIfCancellationRequested();
            _batches ??= new(_read(_plans[0].Options.Images, Shard), measures: false);
            if (_batches.Next() is not { } batch)
            {
                _isAtEnd = true;
                return;
            }
            Begun open = _open[_begun % _most];
            (open.First, open.Count) = (_next, batch.Count);
            batch.Labels.AsSpan(0, batch.Count).CopyTo(open.Labels);
            // The last plan brings the next batch to its device; the reader may then give this one to other images.
            for (int i = 0; i < _plans.Count; i++)
                _plans[i].BeginEvaluation(batch, _readsOutputs, next: i == _plans.Count - 1 ? _batches.ReadAhead : null);
            _next += open.Count / _views;
            _begun++;
        }
        catch (Exception exception)
        {
            // The batch before is not to blame.
            _failure = ExceptionDispatchInfo.Capture(exception);
        }
    }

    /// <summary>Reads a view of an image again, for its batch holds other images by now; null if that fails.</summary>
    private Batch? ReadAgain(int image, int view)
    {
        try
        {
            using IBatchReader reader = _read(_views, new Shard(image, _images));
            return reader.Next() is { } batch ? FiniteOutputs.Alone(batch, view) : null;
        }
        catch (GpuCnnException)
        {
            return null;
        }
    }

    /// <summary>A batch that was begun. Used again and again.</summary>
    private sealed class Begun(int[] labels)
    {
        public int[] Labels => labels;

        public int First { get; set; }

        public int Count { get; set; }
    }
}
