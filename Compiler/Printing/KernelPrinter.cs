using System.Text;
using GpuCnn.Compiler.Model;

namespace GpuCnn.Compiler.Printing;

/// <summary>Prints a kernel model in a dialect.</summary>
internal sealed class KernelPrinter(Dialect dialect)
{
    private const int LongestHead = 140;

    private readonly ExpressionPrinter _expressions = new(dialect);
    private readonly StringBuilder _text = new();
    private int _depth;

    // Bytes of the shared arrays printed so far, if they lie in memory whose size the launch gives.
    private string? _sharedBytes;

    public string Print(KernelModel kernel)
    {
        foreach (StructModel structure in kernel.Structs) Struct(structure);
        foreach (FunctionModel function in kernel.Functions)
        {
            Head($"{dialect.Helper} {_expressions.Type(function.ReturnType)} {function.Name}",
                function.Parameters.Select(parameter => Parameter(parameter.Name, parameter.Type, "")));
            Body(function.Body);
            _text.Append('\n');
        }
        Entry(kernel);

        // Print the support functions last: printing shows which are needed.
        var text = new StringBuilder();
        if (_expressions.UsesDouble) text.Append(dialect.DoubleHeader);
        foreach (string support in _expressions.Support) text.Append(dialect.Support[support]).Append('\n');
        return text.Append(_text).ToString().TrimEnd('\n');
    }

    private void Entry(KernelModel kernel)
    {
        string restrict = kernel.Header.InPlace ? "" : dialect.Restrict;
        (string Name, DeviceType Type)[] arguments =
            [.. kernel.Header.Parameters.Where(parameter => !parameter.IsSpecialization && parameter.Type is not EmptyType)
            .Select(parameter => (Analysis.NameAllocator.Variable(parameter.Name), parameter.Type))];
        var taken = new HashSet<string>(arguments.Select(argument => argument.Name).Concat(DeclaredNames.Of(kernel.Body))
            .Select(_expressions.Name));
        List<string> parameters = [], begin = [];
        foreach ((string name, DeviceType type) in arguments)
        {
            if (type is not PointerType || dialect.ViewOffset is not { } offsetType)
            {
                parameters.Add(Parameter(name, type, restrict));
                continue;
            }
            string allocation = Free(name + "_base", taken), offset = Free(name + "_offset", taken);
            parameters.Add(Parameter(allocation, type, ""));
            parameters.Add($"{offsetType} {offset}");
            begin.Add($"{Parameter(name, type, restrict)} = {allocation} + {offset};");
        }
        if (kernel.Header.HasSharedBytes && dialect.LaunchedShared is { } shared)
        {
            begin.Add(shared + ";");
            _sharedBytes = "";
        }
        Head($"{dialect.Entry} {kernel.Header.Name}", parameters);
        Body(kernel.Body, begin);
    }

    private static string Free(string name, HashSet<string> taken)
    {
        while (!taken.Add(name)) name += "_";
        return name;
    }

    private void Struct(StructModel structure)
    {
        _text.Append("typedef struct\n{\n");
        foreach (FieldModel field in structure.Fields)
            _text.Append($"    {_expressions.Type(field.Type)} {_expressions.Name(field.Name)};\n");
        _text.Append("} ").Append(structure.Name).Append(";\n\n");
    }

    private string Parameter(string name, DeviceType type, string restrict) =>
        type is PointerType
            ? $"{_expressions.Type(type)}{restrict} {_expressions.Name(name)}"
            : $"{_expressions.Type(type)} {_expressions.Name(name)}";

    private void Head(string start, IEnumerable<string> parameters)
    {
        // In C, empty parentheses mean any number of parameters.
        string line = start + "(" + (parameters.Any() ? string.Join(", ", parameters) : "void") + ")";
        _text.Append(line.Length <= LongestHead ? line : start + "(\n    " + string.Join(",\n    ", parameters) + ")").Append('\n');
    }

    private void Body(IEnumerable<Statement> statements, IReadOnlyList<string>? begin = null)
    {
        Line("{");
        _depth++;
        foreach (string line in begin ?? []) Line(line);
        foreach (Statement statement in statements) Statement(statement);
        _depth--;
        Line("}");
    }

    private void Line(string line) => _text.Append(' ', _depth * 4).Append(line).Append('\n');

    private void Statement(Statement statement)
    {
        switch (statement)
        {
            case Block block:
                Body(block.Statements);
                break;
            case ArrayDeclaration { Space: Space.Shared } array when _sharedBytes is { } before:
                string element = _expressions.Type(array.Element), place = Dialect.SharedName + before;
                Line($"{element}* {_expressions.Name(array.Name)} = ({element}*){(before.Length > 0 ? $"({place})" : place)};");
                _sharedBytes = $"{before} + (sizeof({element}) * ({_expressions.Print(array.Length)}) + 15) / 16 * 16";
                break;
            case ArrayDeclaration array:
                Line(string.Format(dialect.Arrays[array.Space], _expressions.Type(array.Element), _expressions.Name(array.Name),
                    _expressions.Print(array.Length)) + ";");
                break;
            case If condition:
                Line("if (" + _expressions.Print(condition.Condition) + ")");
                Nested(condition.WhenTrue);
                Else(condition.WhenFalse);
                break;
            case For loop:
                if (loop.IsUnrolled) Line("#pragma unroll");
                Line("for (" + LoopStart(loop) + "; " + (loop.Condition is { } test ? _expressions.Print(test) : "") + "; "
                    + string.Join(", ", loop.Steps.Select(Simple)) + ")");
                Nested(loop.Body);
                break;
            case While loop:
                Line("while (" + _expressions.Print(loop.Condition) + ")");
                Nested(loop.Body);
                break;
            case DoWhile loop:
                Line("do");
                Body(((Block)loop.Body).Statements);
                Line("while (" + _expressions.Print(loop.Condition) + ");");
                break;
            case Switch choice:
                Switch(choice);
                break;
            default:
                Line(Simple(statement) + ";");
                break;
        }
    }

    private void Else(Statement? otherwise)
    {
        if (otherwise is not Block block) return;
        if (block.Statements.Count == 1 && block.Statements[0] is If next)
        {
            Line("else if (" + _expressions.Print(next.Condition) + ")");
            Nested(next.WhenTrue);
            Else(next.WhenFalse);
            return;
        }
        Line("else");
        Nested(block);
    }

    /// <summary>Prints in braces, except for one simple statement.</summary>
    private void Nested(Statement statement)
    {
        EquatableArray<Statement> statements = ((Block)statement).Statements;
        bool isSimple = statements.Count == 1 && statements[0] is Assignment or Increment or Evaluation or Return or Break or Continue;
        if (!isSimple)
        {
            Body(statements);
            return;
        }
        _depth++;
        Statement(statements[0]);
        _depth--;
    }

    private void Switch(Switch choice)
    {
        Line("switch (" + _expressions.Print(choice.Value) + ")");
        Line("{");
        _depth++;
        foreach (SwitchSection section in choice.Sections)
        {
            foreach (Expression label in section.Labels) Line("case " + _expressions.Print(label) + ":");
            if (section.IsDefault) Line("default:");
            // Braces are needed: C has no declaration right after a label.
            Body(section.Statements);
        }
        _depth--;
        Line("}");
    }

    private string LoopStart(For loop) => string.Join(", ", loop.Before.Select((statement, i) =>
        statement is Declaration declaration && i > 0
            ? _expressions.Name(declaration.Name) + (declaration.Value is { } value ? " = " + _expressions.Print(value) : "")
            : Simple(statement)));

    private string Simple(Statement statement) => statement switch
    {
        Declaration declaration => _expressions.Type(declaration.Type) + " " + _expressions.Name(declaration.Name)
            + (declaration.Value is { } value ? " = " + _expressions.Print(value) : ""),
        Assignment assignment => _expressions.Print(assignment.Target) + " "
            + (assignment.Operator is { } kind ? ExpressionPrinter.Symbol(kind) : "") + "= " + _expressions.Print(assignment.Value),
        Increment increment => _expressions.Print(increment.Target) + (increment.IsDecrement ? "--" : "++"),
        Evaluation evaluation => _expressions.Print(evaluation.Value),
        BarrierWait => dialect.Barrier,
        Break => "break",
        Continue => "continue",
        Return { Value: null } => "return",
        Return { Value: { } result } => "return " + _expressions.Print(result),
        _ => throw new InvalidOperationException($"{statement.GetType().Name} is not a simple statement."),
    };
}
