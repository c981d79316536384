namespace GpuCnn.Kernels.Language;

/// <summary>
/// Changes one integer in a view or a shared array atomically. Each function returns the previous value. There are no atomics on floats,
/// because the order of their sums would differ from run to run.
/// </summary>
public static class Atomic
{
    public static int Add(View<int> view, int index, int value) => Interlocked.Add(ref view[index], value) - value;

    public static uint Add(View<uint> view, int index, uint value) => Interlocked.Add(ref view[index], value) - value;

    public static int Min(View<int> view, int index, int value) => Update(ref view[index], value, Math.Min);

    public static uint Min(View<uint> view, int index, uint value) => Update(ref view[index], value, Math.Min);

    public static int Max(View<int> view, int index, int value) => Update(ref view[index], value, Math.Max);

    public static uint Max(View<uint> view, int index, uint value) => Update(ref view[index], value, Math.Max);

    public static int And(View<int> view, int index, int value) => Interlocked.And(ref view[index], value);

    public static uint And(View<uint> view, int index, uint value) => Interlocked.And(ref view[index], value);

    public static int Or(View<int> view, int index, int value) => Interlocked.Or(ref view[index], value);

    public static uint Or(View<uint> view, int index, uint value) => Interlocked.Or(ref view[index], value);

    public static int Xor(View<int> view, int index, int value) => Update(ref view[index], value, (a, b) => a ^ b);

    public static uint Xor(View<uint> view, int index, uint value) => Update(ref view[index], value, (a, b) => a ^ b);

    public static int Exchange(View<int> view, int index, int value) => Interlocked.Exchange(ref view[index], value);

    public static uint Exchange(View<uint> view, int index, uint value) => Interlocked.Exchange(ref view[index], value);

    /// <summary>Writes <paramref name="value"/> if the current value is <paramref name="expected"/>.</summary>
    public static int CompareExchange(View<int> view, int index, int expected, int value) =>
        Interlocked.CompareExchange(ref view[index], value, expected);

    /// <summary>Writes <paramref name="value"/> if the current value is <paramref name="expected"/>.</summary>
    public static uint CompareExchange(View<uint> view, int index, uint expected, uint value) =>
        Interlocked.CompareExchange(ref view[index], value, expected);

    private static T Update<T>(ref T location, T value, Func<T, T, T> change) where T : unmanaged, IEquatable<T>
    {
        for (T old = location; ;)
        {
            T seen = Interlocked.CompareExchange(ref location, change(old, value), old);
            if (seen.Equals(old)) return old;
            old = seen;
        }
    }
}
