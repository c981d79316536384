using System.Runtime.ExceptionServices;
using GpuCnn.Data;
using GpuCnn.Engine;
using GpuCnn.Engine.Datasets;

namespace GpuCnn;

/// <summary>
/// Reads image files batch by batch, in their order, one batch ahead of its caller, who may still use the two before. Names are asked for
/// only as far as they are read.
/// </summary>
internal sealed class FileBatches : IDisposable
{
    // Batches that the caller may use.
    private const int Held = 2;

    private readonly IEnumerator<string> _names;
    private readonly ImagePreprocessor _preprocessor;
    private readonly FileBatch[] _ring;
    private Task<FileBatch?> _next;
    private volatile bool _isDisposed;
    private int _turn;

    /// <param name="size">Most files of a batch; where there are fewer files, batches are of that size.</param>
    public FileBatches(IEnumerable<string> files, ImagePreprocessor preprocessor, int size)
    {
        _names = files.GetEnumerator();
        _preprocessor = preprocessor;
        string[] first = Take(size);
        _ring = first.Length == 0 ? []
            : [.. Enumerable.Range(0, Held + 1).Select(_ => new FileBatch(new(preprocessor.Shape, first.Length)))];
        _next = Task.Run(() => Read(first));
    }

    /// <summary>Whether <see cref="Next"/> returns a batch, or null, at once.</summary>
    public bool IsReady => _next.IsCompletedSuccessfully;

    /// <summary>Returns the next batch, or null after the last one. The batch is valid until the call after the next.</summary>
    public FileBatch? Next()
    {
        FileBatch? batch = _next.GetAwaiter().GetResult();
        if (batch is not null) _next = Task.Run(() => Read(Take(batch.Images.Capacity)));
        return batch;
    }

    /// <summary>Stops reading. A name that is being waited for is not waited for any longer.</summary>
    public void Dispose() => _isDisposed = true;

    private string[] Take(int count)
    {
        List<string> names = [];
        while (names.Count < count && !_isDisposed && _names.MoveNext()) names.Add(_names.Current);
        if (names.Count < count) _names.Dispose();
        return [.. names];
    }

    private FileBatch? Read(string[] names)
    {
        if (names.Length == 0 || _isDisposed) return null;
        FileBatch batch = _ring[_turn++ % _ring.Length];
        batch.Names = names;
        batch.Failures = new GpuCnnException?[names.Length];
        Batch images = batch.Images;
        images.Count = names.Length;
        images.Images.AsSpan(names.Length * images.Shape.Count).Clear();
        Parallel.For(0, names.Length, new() { MaxDegreeOfParallelism = Environment.ProcessorCount }, place =>
        {
            images.Labels[place] = 0;
            try
            {
                if (!_isDisposed) _preprocessor.Read(names[place], images.Image(place));
            }
            catch (GpuCnnException exception)
            {
                batch.Failures[place] = exception;
                images.Labels[place] = -1;
                images.Image(place).Clear();
            }
        });
        return batch;
    }
}

/// <summary>Files of a batch, and their images. Those that could not be read are zero, with label -1.</summary>
internal sealed class FileBatch(Batch images)
{
    public Batch Images => images;

    public IReadOnlyList<string> Names { get; set; } = [];

    /// <summary>Why a file could not be read, for each; null where it was read.</summary>
    public GpuCnnException?[] Failures { get; set; } = [];

    /// <summary>Whether any file was read.</summary>
    public bool HasImages => Failures.Contains(null);

    /// <summary>Tells of the files that could not be read.</summary>
    /// <param name="skipped">Gets each; null throws at the first.</param>
    public void Report(Action<string, GpuCnnException>? skipped)
    {
        for (int place = 0; place < Names.Count; place++)
        {
            if (Failures[place] is not { } reason) continue;
            if (skipped is null) ExceptionDispatchInfo.Throw(reason);
            skipped(Names[place], reason);
        }
    }
}
