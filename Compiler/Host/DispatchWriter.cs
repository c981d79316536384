using System.Text;
using System.Xml.Linq;
using GpuCnn.Compiler.Model;

namespace GpuCnn.Compiler.Host;

/// <summary>Writes a method that takes a struct as a value of its interface and calls generic code for the struct's own type.</summary>
internal static class DispatchWriter
{
    // Two underscores keep the names from clashing.
    private const string Language = "global::GpuCnn.Kernels.Language.", Self = "self__", Own = "own__";

    public static string Write(DispatchModel model)
    {
        bool isInstance = model.Call.Kind == DispatchKind.InstanceMethod;
        string call = model.Name + "__Call", closed = model.Name + "__Closed", foreign = model.Name + "__Foreign";
        string parameter = model.Call.TypeParameter;
        string declared = string.Join(", ", model.Parameters.Select(Declared)), passed = string.Join(", ", model.Parameters.Select(Name));
        string optional = string.Join(", ", model.Parameters.Select(item =>
            Declared(item) + (item.Default is null ? "" : $" = {item.Default}")));
        if (isInstance)
        {
            declared = $"{model.ContainerName} {Self}, {declared}";
            passed = $"this, {passed}";
        }

        var text = new StringBuilder(DescriptorWriter.Start);
        text.Append($"\nnamespace {model.Namespace};\n\n{model.Container}\n{{\n");
        if (model.Summary.Length > 0)
            text.Append($"    /// <summary>{new XText(model.Summary)}. For a {model.Value} whose type is known at run time.</summary>\n");
        text.Append($"    {model.Modifiers} {model.Result} {model.Name}({optional})\n    {{\n");
        text.Append($"        switch (@{model.Value})\n        {{\n");
        foreach (string type in model.Types)
            text.Append($"            case {type} {Own}: {Statement(model, Called(model, type, Own, "this"))}\n");
        text.Append($"            default: {Statement(model, $"{foreign}.For(@{model.Value})({passed})")}\n        }}\n    }}\n\n");

        text.Append($"    private delegate {model.Result} {call}({declared});\n\n");
        text.Append($"    private static readonly {Language}ForeignCalls<{call}> {foreign} =\n");
        text.Append($"        new(typeof({model.ContainerName}), nameof({closed}));\n\n");
        text.Append($"    private static {model.Result} {closed}<{parameter}>({declared})\n");
        text.Append($"        where {parameter} : unmanaged, {model.Call.Interface} =>\n");
        text.Append($"        {Called(model, parameter, $"({parameter})@{model.Value}", Self)};\n}}\n");
        return text.ToString().Replace("\r\n", "\n");
    }

    private static string Name(DispatchParameter parameter) => "@" + parameter.Name;

    private static string Declared(DispatchParameter parameter) => $"{parameter.Type} {Name(parameter)}";

    private static string Statement(DispatchModel model, string call) => model.Result == "void" ? $"{call}; return;" : $"return {call};";

    /// <summary>C# of a call of the generic code.</summary>
    private static string Called(DispatchModel model, string type, string value, string self)
    {
        string arguments = string.Join(", ", model.Parameters.Where(parameter => parameter.IsForwarded)
            .Select(parameter => parameter.Name == model.Value ? value : Name(parameter)));
        string target = $"{model.Call.Target}<{type}>({arguments})";
        return model.Call.Kind switch
        {
            DispatchKind.StaticMethod => target,
            DispatchKind.InstanceMethod => $"{self}.{target}",
            DispatchKind.Constructor => $"new {target}",
            DispatchKind.GridKernel => $"{Language}KernelGrid.Add(@launches, new {target})",
            _ => $"@launches.Add(new {target}, @groups)",
        };
    }
}
