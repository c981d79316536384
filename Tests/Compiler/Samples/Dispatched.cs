using GpuCnn.Kernels.Language;

namespace GpuCnn.Tests.Compiler.Samples;

/// <summary>What the generic code below is compiled for.</summary>
public interface IShift
{
    int Amount { get; }
}

public readonly struct One : IShift
{
    public int Amount => 1;
}

public readonly struct Several(int amount) : IShift
{
    public int Amount => amount;
}

public interface IShifted
{
    int Value { get; }
}

/// <summary>(x + shift) * scale. Its constructor becomes <c>Of</c>.</summary>
[Dispatched]
public sealed class Shifted<TShift>(int x, TShift shift, int scale = 2) : IShifted where TShift : unmanaged, IShift
{
    public int Value => (x + shift.Amount) * scale;
}

public static partial class Shifts
{
    [Dispatched]
    public static string Describe<TShift>(TShift shift, float weight = 1.5f, DayOfWeek day = DayOfWeek.Friday, int? more = null,
        char end = '.')
        where TShift : unmanaged, IShift =>
        FormattableString.Invariant($"{typeof(TShift).Name} {shift.Amount} {weight} {day} {more}{end}");
}

/// <summary>Counts.</summary>
public sealed partial class ShiftCounter
{
    public int Sum { get; private set; }

    /// <summary>Adds the shift.</summary>
    [Dispatched]
    internal void Add<TShift>(int times, TShift shift) where TShift : unmanaged, IShift => Sum += times * shift.Amount;
}

/// <summary>y[i] += shift.</summary>
[Kernel(4), Dispatched]
public readonly partial struct ShiftAll<TShift>(View<int> y, TShift shift) where TShift : unmanaged, IShift
{
    public void Execute() => y[GlobalId.X] += shift.Amount;
}

/// <summary>y[i] = shift.</summary>
[Kernel(4), Dispatched]
public readonly partial struct SetAll<TShift>(View<int> y, int count, TShift shift) : IKernelGrid where TShift : unmanaged, IShift
{
    public Size3 Groups => new(Size3.Groups(count, 4));

    public void Execute()
    {
        if (GlobalId.X < count) y[GlobalId.X] = shift.Amount;
    }
}
