namespace GpuCnn.Compiler.Printing;

/// <summary>
/// Support functions with the instructions of warps, matrix units and asynchronous copies, for compute capability 8.0 or higher (PTX ISA
/// 7.0). They are inlined, so that registers passed by pointer stay registers.
/// </summary>
internal static class CudaMatrixUnits
{
    private const string Helper = Dialects.CudaHelper;

    /// <summary>Address in shared memory, as instructions for shared memory take it.</summary>
    public const string Shared = Helper + " unsigned int gcnn_shared(const void* p)\n{\n    unsigned int address;\n"
        + "    asm(\"{ .reg .u64 a; cvta.to.shared.u64 a, %1; cvt.u32.u64 %0, a; }\" : \"=r\"(address) : \"l\"(p));\n"
        + "    return address;\n}\n";

    public const string ToTF32 = Helper + " unsigned int gcnn_to_tf32(float x)\n{\n    unsigned int y;\n"
        + "    asm(\"cvt.rna.tf32.f32 %0, %1;\" : \"=r\"(y) : \"f\"(x));\n    return y;\n}\n";

    // The first operand becomes the upper half.
    public const string Pack = Helper + " unsigned int gcnn_pack_bf16(float low, float high)\n{\n    unsigned int y;\n"
        + "    asm(\"cvt.rn.bf16x2.f32 %0, %1, %2;\" : \"=r\"(y) : \"f\"(high), \"f\"(low));\n    return y;\n}\n";

    public const string Commit = Helper + " void gcnn_commit_copies()\n{\n"
        + "    asm volatile(\"cp.async.commit_group;\" ::: \"memory\");\n}\n";

    public const string Wait = "template <int Pending> " + Helper + " void gcnn_wait_copies()\n{\n"
        + "    asm volatile(\"cp.async.wait_group %0;\" :: \"n\"(Pending) : \"memory\");\n}\n";

    public static string Multiply(string name, string shape, string type) =>
        Helper + " void " + name + "(float* sums, const unsigned int* left, const unsigned int* right)\n{\n"
        + "    asm volatile(\"mma.sync.aligned." + shape + ".row.col.f32." + type + "." + type + ".f32 \"\n"
        + "        \"{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};\"\n"
        + "        : \"+f\"(sums[0]), \"+f\"(sums[1]), \"+f\"(sums[2]), \"+f\"(sums[3])\n"
        + "        : \"r\"(left[0]), \"r\"(left[1]), \"r\"(left[2]), \"r\"(left[3]), \"r\"(right[0]), \"r\"(right[1]));\n}\n";

    public static string Load(string name, string transposition) =>
        Helper + " void " + name + "(unsigned int* to, unsigned int row)\n{\n"
        + "    asm volatile(\"ldmatrix.sync.aligned.m8n8.x4" + transposition + ".shared.b16 {%0, %1, %2, %3}, [%4];\"\n"
        + "        : \"=r\"(to[0]), \"=r\"(to[1]), \"=r\"(to[2]), \"=r\"(to[3]) : \"r\"(row) : \"memory\");\n}\n";

    /// <summary>The bytes that the source has are an operand: without any, zeros are written and nothing is read.</summary>
    public static string Copy(string name, string cache, int bytes) =>
        Helper + " void " + name + "(unsigned int to, const float* from, bool exists)\n{\n"
        + "    asm volatile(\"cp.async." + cache + ".shared.global [%0], [%1], " + bytes + ", %2;\"\n"
        + "        :: \"r\"(to), \"l\"(from), \"r\"(exists ? " + bytes + " : 0) : \"memory\");\n}\n";
}
