namespace GpuCnn.Data;

/// <summary>Work on numbered items by all cores, begun in the order of the numbers: files are read front to back.</summary>
internal static class InOrder
{
    /// <param name="count">Items.</param>
    /// <param name="work">Of an item. Throwing stops what has not begun; of several failures that of the first item is thrown.</param>
    public static void Run(int count, Action<int> work)
    {
        int next = -1, failed = int.MaxValue;
        Exception? failure = null;
        Lock gate = new();
        Parallel.For(0, Math.Min(count, Environment.ProcessorCount), _ =>
        {
            while (Interlocked.Increment(ref next) is var item && item < count && item < Volatile.Read(ref failed))
            {
                try
                {
                    work(item);
                }
                catch (Exception e)
                {
                    lock (gate)
                        if (item < failed) (failed, failure) = (item, e);
                    return;
                }
            }
        });
        if (failure is not null) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
    }
}
