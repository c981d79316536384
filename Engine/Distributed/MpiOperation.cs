namespace GpuCnn.Engine.Distributed;

/// <summary>
/// Something that the thread of MPI does for a caller: it starts calls and asks again and again whether they are complete. Used again and
/// again, by one caller at a time; a use allocates nothing.
/// </summary>
internal abstract class MpiOperation : IDisposable
{
    private readonly ManualResetEventSlim _ended = new(true, 10);
    private Exception? _failure;

    /// <summary>Its number among the operations of this rank, which is the same on all ranks; -1 where only this rank does it.</summary>
    public long Number { get; private set; } = -1;

    public bool IsEnded => _ended.IsSet;

    /// <summary>Whether calls of MPI are under way. Else it waits for the caller's values.</summary>
    public virtual bool IsExchanging => true;

    /// <summary>Bytes that a rank sends for it.</summary>
    public virtual long Bytes => 0;

    /// <summary>Goes on where the last call stopped. Returns whether that was the end. Called on the thread of MPI.</summary>
    public abstract bool Advance(MpiApi api);

    public void Prepare(long number)
    {
        if (!IsEnded) throw new InvalidOperationException("The operation is still under way.");
        Number = number;
        _failure = null;
        _ended.Reset();
    }

    public void End(Exception? failure = null)
    {
        if (_ended.IsSet) return;
        _failure = failure;
        _ended.Set();
    }

    /// <exception cref="RankLostException">Another rank is lost.</exception>
    public void Wait()
    {
        _ended.Wait();
        if (_failure is { } failure) throw failure;
    }

    public virtual void Dispose() => _ended.Dispose();
}
