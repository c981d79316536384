namespace GpuCnn.Kernels.Language;

/// <summary>
/// Products of small matrices that a warp computes together on NVIDIA's matrix units (tensor cores), compute capability 8.0 or higher.
/// Products and loads are collective, as <see cref="Warp"/> says.
/// </summary>
/// <remarks>
/// Each thread holds a fragment of each matrix. With g = lane / 4 and t = lane % 4 (PTX ISA, "Matrix fragments for mma.m16n8k8" and
/// "mma.m16n8k16"):
/// <list type="table">
/// <item>sums (16 x 8 floats): [0] = (g, 2t), [1] = (g, 2t+1), [2] = (g+8, 2t), [3] = (g+8, 2t+1), as (row, column).</item>
/// <item>left of TF32 (16 x 8): [0] = (g, t), [1] = (g+8, t), [2] = (g, t+4), [3] = (g+8, t+4).</item>
/// <item>right of TF32 (8 x 8): [0] = (t, g), [1] = (t+4, g).</item>
/// <item>left of bfloat16 (16 x 16), two columns to a register, the first in the lower half: [0] = (g, 2t), [1] = (g+8, 2t),
/// [2] = (g, 2t+8), [3] = (g+8, 2t+8).</item>
/// <item>right of bfloat16 (16 x 8), two rows to a register, the first in the lower half: [0] = (2t, g), [1] = (2t+8, g).</item>
/// </list>
/// In C#, products are exact and are added to the sum in the order of the reduction, in float. Hardware leaves the order open.
/// </remarks>
public static class MatrixUnit
{
    /// <summary>
    /// Adds a 16 x 8 by 8 x 8 product of TF32 values to the sums. Of each operand's bits as a float, the lower 13 are ignored; see
    /// <see cref="ToTF32"/>. This is mma.sync.m16n8k8.
    /// </summary>
    /// <param name="sums">[4]</param>
    /// <param name="left">[4]</param>
    /// <param name="right">[2]</param>
    public static void MultiplyTF32(Registers<float> sums, Registers<uint> left, Registers<uint> right) => throw WarpSteps.Unstepped();

    /// <summary>Adds a 16 x 16 by 16 x 8 product of bfloat16 values to the sums. This is mma.sync.m16n8k16.</summary>
    /// <param name="sums">[4]</param>
    /// <param name="left">[4]</param>
    /// <param name="right">[2]</param>
    public static void MultiplyBFloat16(Registers<float> sums, Registers<uint> left, Registers<uint> right) =>
        throw WarpSteps.Unstepped();

    /// <summary>
    /// Loads four 8 x 8 matrices of 16-bit values from shared memory. Lane i gives the address of row i % 8 of matrix i / 8, which is 16
    /// bytes. Register m receives row lane / 4, columns 2t and 2t+1 of matrix m, the first in the lower half. This is ldmatrix.x4, which
    /// serves 32-bit values too: a matrix is then 8 x 4, and a register receives row lane / 4, column t.
    /// </summary>
    /// <param name="to">[4]</param>
    /// <param name="shared">A shared array.</param>
    /// <param name="index">Index of the row's first float, a multiple of 4 from the start of the array.</param>
    public static void Load(Registers<uint> to, View<float> shared, int index) => throw WarpSteps.Unstepped();

    /// <summary>
    /// Loads as <see cref="Load"/> and transposes each matrix of 16-bit values: register m receives rows 2t and 2t+1, column lane / 4, the
    /// first in the lower half. This is ldmatrix.x4.trans.
    /// </summary>
    /// <param name="to">[4]</param>
    /// <param name="shared">A shared array.</param>
    /// <param name="index">Index of the row's first float, a multiple of 4 from the start of the array.</param>
    public static void LoadTransposed(Registers<uint> to, View<float> shared, int index) => throw WarpSteps.Unstepped();

    /// <summary>
    /// Rounds to TF32: 8 exponent and 10 fraction bits, to nearest, ties away from zero. Returns the bits of a float whose lower 13 bits
    /// are 0. Not collective. This is cvt.rna.tf32.f32; NaN keeps its bits in C#.
    /// </summary>
    public static uint ToTF32(float x)
    {
        uint bits = Bits.ToUInt32(x);
        return (bits & 0x7F800000) == 0x7F800000 ? bits : bits + 0x1000 & 0xFFFFE000;
    }

    /// <summary>
    /// Rounds two floats to bfloat16, to nearest, ties to even, and packs them in a register. Not collective. This is cvt.rn.bf16x2.f32.
    /// </summary>
    public static uint Pack(float low, float high) => ((BFloat16)low).Bits | (uint)((BFloat16)high).Bits << 16;
}
