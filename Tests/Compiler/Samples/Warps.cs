using GpuCnn.Kernels.Language;

namespace GpuCnn.Tests.Compiler.Samples;

/// <summary>Sum and maximum of each warp's values by shuffles in helpers; warps take different numbers of them before a barrier.</summary>
[Kernel(32, 2)]
public readonly partial struct WarpSums(ReadOnlyView<float> x, View<float> sums, View<uint> bits)
{
    public void Execute()
    {
        View<float> totals = Shared.Array<float>(2);
        float sum = Shuffles.Sum(x[ThreadId.X + 32 * ThreadId.Y]);
        if (ThreadId.Y == 1) sum = Shuffles.Sum(sum);
        if (Warp.Lane == 0) totals[ThreadId.Y] = sum;
        Group.Barrier();
        uint word = Bits.ToUInt32(x[ThreadId.X + 32 * ThreadId.Y]);
        uint next = Warp.ShuffleDown(word, 3);
        bits[ThreadId.X + 32 * ThreadId.Y] = next;
        sums[ThreadId.X + 32 * ThreadId.Y] = totals[0] + totals[1];
    }
}

public static class Shuffles
{
    /// <summary>Adds a warp's values, always in the same order.</summary>
    public static float Sum(float value)
    {
        for (int mask = Warp.Size / 2; mask > 0; mask /= 2) value += Warp.ShuffleXor(value, mask);
        return value;
    }
}

/// <summary>
/// A product of 16 x 16 by 16 x 8 for each warp, from fragments that are read element by element: two products of TF32, or one of bfloat16.
/// </summary>
[Kernel(64)]
public readonly partial struct UnitProduct(
    ReadOnlyView<float> left, ReadOnlyView<float> right, View<float> product, [Specialization] Flag isBFloat16)
{
    [Unroll]
    public void Execute()
    {
        Registers<float> sums = Local.Array<float>(6);
        Registers<uint> a = Local.Array<uint>(8), b = Local.Array<uint>(4);
        int g = Warp.Lane >> 2, t = Warp.Lane & 3, warp = ThreadId.X >> 5;
        ReadOnlyView<float> x = left.Slice(warp * 256), y = right.Slice(warp * 128);
        for (int i = 2; i < 6; i++) sums[i] = 0.5f;
        if (isBFloat16)
        {
            a[0] = MatrixUnit.Pack(x[g * 16 + 2 * t], x[g * 16 + 2 * t + 1]);
            a[1] = MatrixUnit.Pack(x[(g + 8) * 16 + 2 * t], x[(g + 8) * 16 + 2 * t + 1]);
            a[2] = MatrixUnit.Pack(x[g * 16 + 2 * t + 8], x[g * 16 + 2 * t + 9]);
            a[3] = MatrixUnit.Pack(x[(g + 8) * 16 + 2 * t + 8], x[(g + 8) * 16 + 2 * t + 9]);
            b[0] = MatrixUnit.Pack(y[2 * t * 8 + g], y[(2 * t + 1) * 8 + g]);
            b[1] = MatrixUnit.Pack(y[(2 * t + 8) * 8 + g], y[(2 * t + 9) * 8 + g]);
            MatrixUnit.MultiplyBFloat16(sums.Slice(2), a, b);
        }
        else
        {
            for (int half = 0; half < 2; half++)
            {
                int k = 8 * half + t;
                a[4] = MatrixUnit.ToTF32(x[g * 16 + k]);
                a[5] = MatrixUnit.ToTF32(x[(g + 8) * 16 + k]);
                a[6] = MatrixUnit.ToTF32(x[g * 16 + k + 4]);
                a[7] = MatrixUnit.ToTF32(x[(g + 8) * 16 + k + 4]);
                b[2] = MatrixUnit.ToTF32(y[k * 8 + g]);
                b[3] = MatrixUnit.ToTF32(y[(k + 4) * 8 + g]);
                MatrixUnit.MultiplyTF32(sums.Slice(2), a.Slice(4), b.Slice(2));
            }
        }
        View<float> z = product.Slice(warp * 128);
        z[g * 8 + 2 * t] = sums[2];
        z[g * 8 + 2 * t + 1] = sums[3];
        z[(g + 8) * 8 + 2 * t] = sums[4];
        z[(g + 8) * 8 + 2 * t + 1] = sums[5];
    }
}

/// <summary>Loads four 8 x 8 matrices of 16-bit values as they are and transposed; their rows lie in reverse order.</summary>
[Kernel(32)]
public readonly partial struct MatrixLoads(ReadOnlyView<float> x, View<uint> plain, View<uint> transposed)
{
    public void Execute()
    {
        View<float> rows = Shared.Array<float>(132);
        Registers<uint> a = Local.Array<uint>(4), b = Local.Array<uint>(4);
        rows.Store4(4 + 4 * ThreadId.X, x.Load4(4 * ThreadId.X));
        Group.Barrier();
        MatrixUnit.Load(a, rows.Slice(4), 4 * (31 - Warp.Lane));
        MatrixUnit.LoadTransposed(b, rows, 4 + 4 * (31 - Warp.Lane));
        Write(a, plain);
        Write(b, transposed);
    }

    [Unroll]
    private static void Write(Registers<uint> registers, View<uint> to)
    {
        for (int i = 0; i < 4; i++) to[4 * ThreadId.X + i] = registers[i];
    }
}

/// <summary>
/// Copies floats to shared memory in two groups, those past <paramref name="count"/> as zeros, waits until <paramref name="pending"/> are
/// pending, and writes both. With more than 0 pending it breaks a rule: the second group has not arrived.
/// </summary>
[Kernel(32)]
public readonly partial struct StagedCopy(
    ReadOnlyView<float> x, View<float> y, int count, [Specialization] int pending, [Specialization] int stages)
{
    public void Execute()
    {
        View<float> stage = Shared.Array<float>(160);
        int i = ThreadId.X;
        AsyncCopy.Copy4(stage, 4 * i, x, 4 * i, 4 * i < count);
        AsyncCopy.Commit();
        Start(stage.Slice(128), x, i, count);
        AsyncCopy.Commit();
        AsyncCopy.Wait(pending + stages - stages);
        Group.Barrier();
        y.Store4(4 * (31 - i), stage.Load4(4 * (31 - i)));
        y[128 + i] = stage[128 + (i ^ 1)]; // here
    }

    private static void Start(View<float> stage, ReadOnlyView<float> x, int i, int count) =>
        AsyncCopy.Copy1(stage, i, x, 128 + i, 128 + i < count); // past
}

/// <summary>Breaks a rule: one thread of a warp does not take part in a shuffle.</summary>
[Kernel(64)]
public readonly partial struct MissingLane(View<float> y, int missing)
{
    public void Execute()
    {
        float value = 1;
        if (ThreadId.X != missing)
            value = Warp.ShuffleXor(value, 1); // missed
        y[ThreadId.X & 7] = value;
    }
}

/// <summary>Breaks a rule: its threads are in different shuffles.</summary>
[Kernel(32)]
public readonly partial struct DivergentLanes(View<float> y)
{
    public void Execute()
    {
        float value = 1;
        if (ThreadId.X < 8) value = Warp.ShuffleXor(value, 1); // some
        else value = Warp.ShuffleXor(value, 2); // others
        y[ThreadId.X & 7] = value;
    }
}

/// <summary>Breaks a rule: its group is no whole number of warps.</summary>
[Kernel(40)]
public readonly partial struct TornWarp(View<float> y)
{
    public void Execute()
    {
        float value = Warp.ShuffleXor(1f, 1);
        y[ThreadId.X & 7] = value;
    }
}

/// <summary>Breaks a rule: loads a matrix from an address that is aligned for one float.</summary>
[Kernel(32)]
public readonly partial struct UnalignedMatrix(View<float> y)
{
    public void Execute()
    {
        View<float> rows = Shared.Array<float>(132);
        Registers<uint> a = Local.Array<uint>(4);
        rows.Store4(4 * ThreadId.X, new Float4(0, 0, 0, 0));
        Group.Barrier();
        MatrixUnit.Load(a, rows, 4 * Warp.Lane + 1); // unaligned
        y[ThreadId.X & 7] = Bits.ToSingle(a[0]);
    }
}

/// <summary>Reverses floats in shared memory that the launch gives, in two arrays.</summary>
[Kernel(64)]
public readonly partial struct LargeShared(
    ReadOnlyView<float> x, View<float> y, [Specialization(20000)] int length, [Specialization(80000)] int bytes)
{
    public int SharedBytes => bytes;

    public void Execute()
    {
        View<float> values = Shared.Array<float>(length + 1);
        View<int> places = Shared.Array<int>(2);
        for (int i = ThreadId.X; i < length; i += GroupSize.X) values[i] = x[i];
        if (ThreadId.X < 2) places[ThreadId.X] = length - 1;
        Group.Barrier();
        for (int i = ThreadId.X; i < length; i += GroupSize.X) y[i] = values[places[i & 1] - i];
    }
}
