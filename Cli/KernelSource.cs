using System.Globalization;
using System.Reflection;
using System.Runtime.ExceptionServices;
using GpuCnn.Engine;
using GpuCnn.Engine.Devices.Ilgpu;
using GpuCnn.Kernels.Language;

namespace GpuCnn.Cli;

/// <summary>A translated kernel, and the text to compile once its specialization constants have values.</summary>
internal sealed class KernelSource
{
    private readonly Type _kernel;
    private readonly ConstructorInfo _constructor;

    private KernelSource(Type kernel)
    {
        _kernel = kernel;
        Text = KernelText.Of(kernel);
        _constructor = kernel.GetConstructors().Single();
        Constants = [.. _constructor.GetParameters().Where(parameter => parameter.IsDefined(typeof(SpecializationAttribute)))];
    }

    public static IReadOnlyList<KernelSource> All { get; } = [.. KernelText.Kernels(typeof(IKernel).Assembly)
        .Select(kernel => new KernelSource(kernel))];

    public KernelText Text { get; }

    public IReadOnlyList<ParameterInfo> Constants { get; }

    /// <summary>Returns the text that all variants share.</summary>
    /// <exception cref="UsageException">The kernel has no text in this language.</exception>
    public string In(KernelDialect dialect)
    {
        if (dialect == KernelDialect.OpenCl && Text.IsCudaOnly) throw new UsageException($"{Text.Name} calls functions that only NVIDIA "
            + "GPUs have; see --dialect cuda.");
        return Text.In(dialect);
    }

    /// <exception cref="UsageException">There is no such kernel.</exception>
    public static KernelSource Find(string name)
    {
        if (All.FirstOrDefault(kernel => kernel.Text.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) is { } found) return found;
        // A kernel compiled for several functions: take the plain one.
        KernelSource[] family = [.. All.Where(kernel => kernel.Text.Name.StartsWith(name + "_", StringComparison.OrdinalIgnoreCase))];
        if (family.Length > 0) return family.FirstOrDefault(kernel => kernel.Text.Name.EndsWith("_Identity", StringComparison.Ordinal))
            ?? family[0];
        IReadOnlyList<string> near = NearNames.Of(name, All.Select(kernel => kernel.Text.Name));
        throw new UsageException($"There is no kernel '{name}'{(near.Count > 0 ? $"; did you mean {string.Join(" or ", near)}?" : ".")} "
            + "`gpucnn kernels list` lists them.");
    }

    /// <summary>Returns exactly the text to compile.</summary>
    /// <param name="values">Values of all specialization constants, by name.</param>
    /// <exception cref="UsageException">A name or a value is wrong, or one is missing.</exception>
    public string With(IReadOnlyDictionary<string, string> values, KernelDialect dialect)
    {
        _ = In(dialect);
        return Make(values, nameof(TranslatedText), dialect);
    }

    /// <summary>Returns ILGPU's output for the kernel.</summary>
    /// <inheritdoc cref="With(IReadOnlyDictionary{string, string}, KernelDialect)"/>
    public string With(IReadOnlyDictionary<string, string> values, IlgpuLanguage language) => Make(values, nameof(IlgpuText), language);

    /// <summary>Usual values of the specialization constants.</summary>
    public Dictionary<string, string> Examples => Constants.ToDictionary(constant => constant.Name!, Example, StringComparer.Ordinal);

    private static string TranslatedText<TKernel>(TKernel kernel, KernelDialect dialect) where TKernel : struct, IKernel =>
        KernelText.Source(kernel, dialect);

    private static string IlgpuText<TKernel>(TKernel kernel, IlgpuLanguage language) where TKernel : struct, IKernel =>
        Engine.Devices.Ilgpu.IlgpuText.Of(kernel, language);

    private string Make(IReadOnlyDictionary<string, string> values, string method, object language)
    {
        string names = Constants.Count == 0 ? "has no specialization constants"
            : $"has the specialization constants {string.Join(", ", Constants.Select(constant => constant.Name))}";
        if (values.Keys.FirstOrDefault(name => Constants.All(constant => constant.Name != name)) is { } unknown)
            throw new UsageException($"{Text.Name} {names}, but got --define {unknown}={values[unknown]}.");
        if (Constants.FirstOrDefault(constant => !values.ContainsKey(constant.Name!)) is { } missing)
            throw new UsageException($"{Text.Name} {names}, but --define {missing.Name}={Placeholder(missing)} is missing.");
        object?[] arguments = [.. _constructor.GetParameters().Select(parameter =>
            Constants.Contains(parameter) ? Parse(parameter, values[parameter.Name!]) : Activator.CreateInstance(parameter.ParameterType))];
        try
        {
            object kernel = _constructor.Invoke(arguments);
            return (string)typeof(KernelSource).GetMethod(method, BindingFlags.Static | BindingFlags.NonPublic)!.MakeGenericMethod(_kernel)
                .Invoke(null, [kernel, language])!;
        }
        catch (TargetInvocationException exception)
        {
            if (exception.InnerException is GpuCnnException) ExceptionDispatchInfo.Throw(exception.InnerException);
            throw new UsageException($"{Text.Name} cannot be compiled with these constants: "
                + $"{exception.InnerException!.Message.Split('\n')[0]}");
        }
    }

    /// <summary>Stands for a value in messages.</summary>
    public static string Placeholder(ParameterInfo constant) =>
        constant.ParameterType.IsEnum ? string.Join('|', Enum.GetNames(constant.ParameterType)) : constant.ParameterType == typeof(Flag)
            ? "true|false" : constant.ParameterType == typeof(float) ? "X" : "N";

    private static string Example(ParameterInfo constant)
    {
        int value = constant.GetCustomAttribute<SpecializationAttribute>()!.Example;
        Type type = constant.ParameterType;
        return type.IsEnum ? Enum.GetName(type, value) ?? Enum.GetNames(type)[0] : type == typeof(Flag) ? value != 0 ? "true" : "false"
            : value.ToString(CultureInfo.InvariantCulture);
    }

    private object Parse(ParameterInfo constant, string text)
    {
        Type type = constant.ParameterType;
        CultureInfo culture = CultureInfo.InvariantCulture;
        object? value =
            type.IsEnum ? Enum.TryParse(type, text, ignoreCase: true, out object? member) && Enum.IsDefined(type, member) ? member : null :
            type == typeof(Flag) ? bool.TryParse(text, out bool flag) ? (Flag)flag : null :
            type == typeof(float) ? float.TryParse(text, NumberStyles.Float, culture, out float real) && float.IsFinite(real)
                ? real : null :
            type == typeof(uint) ? uint.TryParse(text, NumberStyles.None, culture, out uint natural) ? natural : null :
            int.TryParse(text, NumberStyles.AllowLeadingSign, culture, out int whole) ? whole : null;
        return value ?? throw new UsageException($"--define {constant.Name} of {Text.Name} expects {Placeholder(constant)}, "
            + $"but got '{text}'.");
    }
}
