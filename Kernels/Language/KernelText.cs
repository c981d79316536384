using System.Reflection;

namespace GpuCnn.Kernels.Language;

/// <summary>Language that kernels are translated to.</summary>
public enum KernelDialect
{
    Cuda,
    OpenCl,
}

/// <summary>Translated kernel.</summary>
/// <param name="Name">Name of the kernel, and of its entry point in both texts.</param>
/// <param name="Cuda">CUDA C, without the constants that precede it for an instance.</param>
/// <param name="OpenCl">
/// OpenCL C 1.2, without the constants that precede it for an instance. A view is two parameters: a buffer, and a long that counts the
/// elements before the view's first.
/// </param>
/// <param name="HasBarriers">Whether threads of a group, or of a warp, wait for each other.</param>
/// <param name="InPlace">Whether views may overlap although one of them is written.</param>
public sealed record KernelText(string Name, string Cuda, string OpenCl, bool HasBarriers, bool InPlace)
{
    /// <summary>First sentence of the kernel's documentation, without its full stop.</summary>
    public string Summary { get; init; } = "";

    /// <summary>
    /// Whether the kernel uses a warp's functions, matrix units or asynchronous copies. Then it runs as C# and as CUDA C, and neither
    /// OpenCL nor ILGPU has it.
    /// </summary>
    public bool NeedsCudaC { get; init; }

    /// <summary>Reason why the kernel has no text in either dialect, or null.</summary>
    public string? Refusal { get; init; }

    /// <summary>Method that ILGPU compiles: it takes the kernel's struct and runs its body. Written by the compiler.</summary>
    public MethodInfo? Entry { get; init; }

    /// <summary>Describes a generic kernel for a struct that its compiler has not seen. It runs as C# and through ILGPU.</summary>
    /// <param name="kernel">Name of the kernel, without the struct's.</param>
    /// <param name="argument">The struct.</param>
    /// <param name="contract">Interface that the struct implements.</param>
    /// <param name="hasBarriers">Whether threads of a group wait for each other.</param>
    /// <param name="inPlace">Whether views may overlap although one of them is written.</param>
    public static KernelText Untranslated(string kernel, Type argument, string contract, bool hasBarriers, bool inPlace)
    {
        string name = string.Concat(argument.ToString().Select(letter => char.IsAsciiLetterOrDigit(letter) ? letter : '_'));
        return new($"{kernel}_{name}", "", "", hasBarriers, inPlace)
        {
            Refusal = $"Kernel {kernel} is not translated for {argument.Name} of {argument.Assembly.GetName().Name}: "
                + $"only for structs of its own project that implement {contract} and have no type parameters. "
                + "It runs as C#, and on devices that compile it through ILGPU.",
        };
    }

    /// <summary>Returns the source compiled for an instance: its constants and group shape as definitions, then the text.</summary>
    public static string Source<TKernel>(in TKernel kernel, KernelDialect dialect) where TKernel : struct, IKernel
    {
        var constants = new KernelConstants();
        Size3 group = kernel.GroupShape;
        constants.Define("GROUP_SIZE_X", group.X);
        constants.Define("GROUP_SIZE_Y", group.Y);
        constants.Define("GROUP_SIZE_Z", group.Z);
        kernel.WriteConstants(constants);
        return constants + "\n" + TKernel.Text.In(dialect);
    }

    /// <summary>
    /// Whether the kernel calls functions that only CUDA has (<see cref="CudaFunctionAttribute"/>), so that it has no OpenCL text.
    /// </summary>
    public bool IsCudaOnly => Refusal is null && OpenCl.Length == 0;

    /// <summary>Returns the text in a dialect.</summary>
    /// <exception cref="NotSupportedException">The kernel has no text in this dialect.</exception>
    public string In(KernelDialect dialect)
    {
        if (Refusal is { } refusal) throw new NotSupportedException(refusal);
        if (dialect == KernelDialect.Cuda) return Cuda;
        return !IsCudaOnly
            ? OpenCl
            : throw new NotSupportedException($"Kernel {Name} has no OpenCL text, because it calls functions that only NVIDIA GPUs have.");
    }

    /// <summary>Lists all kernels of an assembly by name. A generic kernel is listed once for each type that it is compiled for.</summary>
    public static IReadOnlyList<KernelText> All(Assembly assembly) => [.. Kernels(assembly).Select(Of)];

    /// <summary>Lists the structs of <see cref="All"/>, in the same order.</summary>
    public static IReadOnlyList<Type> Kernels(Assembly assembly) =>
        [
            .. assembly.GetTypes().Where(type => type.IsValueType && type.IsAssignableTo(typeof(IKernel))).SelectMany(Closed)
                .OrderBy(type => Of(type).Name, StringComparer.Ordinal),
        ];

    /// <summary>Returns the text of a kernel's struct.</summary>
    /// <param name="kernel">A struct that implements <see cref="IKernel"/>.</param>
    public static KernelText Of(Type kernel) => (KernelText)kernel.GetProperty(nameof(IKernel.Text))!.GetValue(null)!;

    private static IEnumerable<Type> Closed(Type kernel) => kernel.IsGenericTypeDefinition
        ? kernel.GetCustomAttributes<KernelInstanceAttribute>().Select(instance => kernel.MakeGenericType(instance.Argument))
        : [kernel];
}
