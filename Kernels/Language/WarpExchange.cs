using System.Runtime.Intrinsics;

namespace GpuCnn.Kernels.Language;

/// <summary>
/// What the 32 threads of a warp offer at a collective function, and the function itself. A device has one for all warps, which it runs
/// one after another, and completes each function when all threads of the warp have offered their part.
/// </summary>
internal sealed unsafe class WarpExchange
{
    private const int Rows = 16, Columns = 8, Pairs = 4;

    // Registers, or the address of a row of shared memory, of each lane.
    private readonly nint[] _targets = new nint[Warp.Size], _left = new nint[Warp.Size], _right = new nint[Warp.Size];
    private readonly uint[] _values = new uint[Warp.Size], _results = new uint[Warp.Size];
    private readonly int[] _sources = new int[Warp.Size];
    private Function _function;

    private enum Function
    {
        Shuffle,
        MultiplyTF32,
        MultiplyBFloat16,
        Load,
        LoadTransposed,
    }

    public void OfferShuffle(uint value, int source)
    {
        if ((uint)source >= Warp.Size) throw new KernelFaultException($"a shuffle reads lane {source} of a warp of {Warp.Size} threads");
        _function = Function.Shuffle;
        int lane = Warp.Lane;
        _values[lane] = value;
        _sources[lane] = source;
    }

    public void OfferProduct(Registers<float> sums, Registers<uint> left, Registers<uint> right, bool isBFloat16)
    {
        _function = isBFloat16 ? Function.MultiplyBFloat16 : Function.MultiplyTF32;
        int lane = Warp.Lane;
        _targets[lane] = sums.Address(4);
        _left[lane] = left.Address(4);
        _right[lane] = right.Address(2);
    }

    public void OfferLoad(Registers<uint> to, float* row, bool isTransposed)
    {
        _function = isTransposed ? Function.LoadTransposed : Function.Load;
        int lane = Warp.Lane;
        _targets[lane] = to.Address(4);
        _left[lane] = (nint)row;
    }

    public uint ResultOf(int lane) => _results[lane];

    /// <summary>Completes the function that all threads of a warp have offered their part to.</summary>
    public void Complete()
    {
        switch (_function)
        {
            case Function.Shuffle:
                for (int lane = 0; lane < Warp.Size; lane++) _results[lane] = _values[_sources[lane]];
                break;
            case Function.MultiplyTF32:
                MultiplyTF32();
                break;
            case Function.MultiplyBFloat16:
                MultiplyBFloat16();
                break;
            case Function.Load:
                Load();
                break;
            default:
                LoadTransposed();
                break;
        }
    }

    private void Load()
    {
        for (int lane = 0; lane < Warp.Size; lane++)
        {
            uint* to = (uint*)_targets[lane];
            for (int matrix = 0; matrix < 4; matrix++) to[matrix] = ((uint*)_left[matrix * 8 + lane / 4])[lane % 4];
        }
    }

    private void LoadTransposed()
    {
        for (int lane = 0; lane < Warp.Size; lane++)
        {
            uint* to = (uint*)_targets[lane];
            int row = lane % 4 * 2, column = lane / 4;
            for (int matrix = 0; matrix < 4; matrix++)
            {
                ushort* first = (ushort*)_left[matrix * 8 + row], second = (ushort*)_left[matrix * 8 + row + 1];
                to[matrix] = first[column] | (uint)second[column] << 16;
            }
        }
    }

    private void MultiplyTF32()
    {
        const int Depth = 8;
        float* left = stackalloc float[Rows * Depth], right = stackalloc float[Depth * Columns];
        for (int lane = 0; lane < Warp.Size; lane++)
        {
            int g = lane / 4, t = lane % 4;
            uint* a = (uint*)_left[lane], b = (uint*)_right[lane];
            left[g * Depth + t] = TF32(a[0]);
            left[(g + 8) * Depth + t] = TF32(a[1]);
            left[g * Depth + t + 4] = TF32(a[2]);
            left[(g + 8) * Depth + t + 4] = TF32(a[3]);
            right[t * Columns + g] = TF32(b[0]);
            right[(t + 4) * Columns + g] = TF32(b[1]);
        }
        Multiply(left, right, Depth);
    }

    private void MultiplyBFloat16()
    {
        const int Depth = 16;
        float* left = stackalloc float[Rows * Depth], right = stackalloc float[Depth * Columns];
        for (int lane = 0; lane < Warp.Size; lane++)
        {
            int g = lane / 4, t = lane % 4 * 2;
            uint* a = (uint*)_left[lane], b = (uint*)_right[lane];
            Unpack(a[0], left + g * Depth + t, 1);
            Unpack(a[1], left + (g + 8) * Depth + t, 1);
            Unpack(a[2], left + g * Depth + t + 8, 1);
            Unpack(a[3], left + (g + 8) * Depth + t + 8, 1);
            Unpack(b[0], right + t * Columns + g, Columns);
            Unpack(b[1], right + (t + 8) * Columns + g, Columns);
        }
        Multiply(left, right, Depth);
    }

    private void Multiply(float* left, float* right, int depth)
    {
        float* row = stackalloc float[Columns];
        for (int r = 0; r < Rows; r++)
        {
            for (int t = 0; t < Pairs; t++) *(ulong*)(row + 2 * t) = *Sums(r, t);
            Vector256<float> sums = Vector256.Load(row);
            // Products of TF32 or bfloat16 values are exact in float.
            for (int k = 0; k < depth; k++) sums += Vector256.Create(left[r * depth + k]) * Vector256.Load(right + k * Columns);
            sums.Store(row);
            for (int t = 0; t < Pairs; t++) *Sums(r, t) = *(ulong*)(row + 2 * t);
        }
    }

    /// <summary>Two neighbours in a row of the sums.</summary>
    private ulong* Sums(int row, int pair) => (ulong*)(_targets[row % 8 * Pairs + pair] + row / 8 * sizeof(ulong));

    // NaN keeps its bits, so that what comes from unset memory is still known.
    private static float TF32(uint bits)
    {
        float value = Bits.ToSingle(bits);
        return float.IsNaN(value) ? value : Bits.ToSingle(bits & 0xFFFFE000);
    }

    private static void Unpack(uint pair, float* to, int stride)
    {
        to[0] = OfBFloat16(pair & 0xFFFF);
        to[stride] = OfBFloat16(pair >> 16);
    }

    // Arithmetic never makes the two NaNs whose bits are halves of unset memory.
    private static float OfBFloat16(uint half) => Bits.ToSingle(half >= 0xFFFE ? 0xFFFFFFFF : half << 16);
}
