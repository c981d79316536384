using System.Runtime.CompilerServices;

namespace GpuCnn.Kernels.Language;

/// <summary>
/// The collective functions as the compiler writes them into <see cref="IKernel.Steps"/>: each offers the thread's operands, then the body
/// stops, and when all threads of the warp have stopped there, the device completes the function.
/// </summary>
public static unsafe class WarpSteps
{
    public static void ShuffleXor(float value, int mask) => ShuffleXor(Bits.ToUInt32(value), mask);

    public static void ShuffleXor(uint value, int mask) => Exchange.OfferShuffle(value, Warp.Lane ^ mask);

    public static void ShuffleDown(float value, int delta) => ShuffleDown(Bits.ToUInt32(value), delta);

    public static void ShuffleDown(uint value, int delta)
    {
        int from = Warp.Lane + delta;
        Exchange.OfferShuffle(value, from < Warp.Size ? from : Warp.Lane);
    }

    public static void MultiplyTF32(Registers<float> sums, Registers<uint> left, Registers<uint> right) =>
        Exchange.OfferProduct(sums, left, right, isBFloat16: false);

    public static void MultiplyBFloat16(Registers<float> sums, Registers<uint> left, Registers<uint> right) =>
        Exchange.OfferProduct(sums, left, right, isBFloat16: true);

    public static void Load(Registers<uint> to, View<float> shared, int index) =>
        Exchange.OfferLoad(to, VectorAccess.Address(shared, index, 4), isTransposed: false);

    public static void LoadTransposed(Registers<uint> to, View<float> shared, int index) =>
        Exchange.OfferLoad(to, VectorAccess.Address(shared, index, 4), isTransposed: true);

    /// <summary>Returns what this thread's shuffle gave.</summary>
    public static T Result<T>() where T : unmanaged => Unsafe.BitCast<uint, T>(Exchange.ResultOf(Warp.Lane));

    internal static KernelFaultException Unstepped() =>
        new("a kernel whose warps work together runs as C# through Steps(), not through Execute()");

    private static WarpExchange Exchange => KernelThread.Current.Warp ?? throw Unstepped();
}
