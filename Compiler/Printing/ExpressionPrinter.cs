using System.Globalization;
using GpuCnn.Compiler.Model;

namespace GpuCnn.Compiler.Printing;

/// <summary>
/// Prints expressions in C, with the parentheses they need and those that C compilers ask for; records what the text uses.
/// </summary>
internal sealed class ExpressionPrinter(Dialect dialect)
{
    private const int Lowest = 0, Unaries = 14, Primaries = 16;

    private readonly List<string> _support = [];

    /// <summary>Names of the support functions to print first.</summary>
    public IReadOnlyList<string> Support => _support;

    public bool UsesDouble { get; private set; }

    public string Name(string name) =>
        dialect.Reserved.Contains(name) || name.StartsWith("__", StringComparison.Ordinal) ? name + "_" : name;

    public string Type(DeviceType type)
    {
        UsesDouble |= type.Scalar == Scalar.Double;
        return type switch
        {
            ScalarType scalar => dialect.Types[scalar.Kind],
            StructType structure => structure.Name,
            PointerType pointer => dialect.Spaces[pointer.Space] + (pointer.IsReadOnly ? "const " : "") + Type(pointer.Element) + "*",
            _ => throw new InvalidOperationException($"{type.GetType().Name} is not a type that can be printed."),
        };
    }

    public string Print(Expression expression) => Print(expression, Lowest);

    private string Print(Expression expression, int least)
    {
        UsesDouble |= expression.Type.Scalar == Scalar.Double;
        (string text, int precedence) = Spell(expression);
        return precedence < least ? "(" + text + ")" : text;
    }

    private (string Text, int Precedence) Spell(Expression expression) => expression switch
    {
        Literal literal => Literal(literal),
        Variable variable => (Name(variable.Name), Primaries),
        Specialization constant => ("SPEC_" + constant.Name, Primaries),
        ThreadValue value =>
            Formatted(string.Format(dialect.ThreadIndices[value.Index], "xyz"[value.Dimension], value.Dimension, "XYZ"[value.Dimension])),
        Element element => (Print(element.Pointer, Primaries) + "[" + Print(element.Index) + "]", Primaries),
        Offset offset => (Print(offset.Pointer, Precedence(BinaryOperator.Add)) + " + "
            + Print(offset.Start, Precedence(BinaryOperator.Multiply)), Precedence(BinaryOperator.Add)),
        Field field => (Print(field.Target, Primaries) + "."
            + (field.Target.Type is ScalarType ? field.Name : Name(field.Name)), Primaries),
        Unary unary => Unary(unary),
        Binary binary => Binary(binary),
        // Nested conditionals on the right need no parentheses: they read as a list of cases.
        Conditional conditional =>
            (Print(conditional.Condition, 4) + " ? " + Print(conditional.WhenTrue, 4) + " : " + Print(conditional.WhenFalse, 3), 3),
        Conversion conversion => Conversion(conversion),
        Call call => (call.Function + "(" + string.Join(", ", call.Arguments.Select(argument => Print(argument))) + ")", Primaries),
        IntrinsicCall call => Intrinsic(call.Name, [.. call.Arguments]),
        CudaCall call => Formatted(string.Format(call.Format,
            [.. call.Arguments.Select(argument => Print(argument, argument.Type is PointerType or StructType ? Primaries : Lowest))])),
        Construction construction => (Construct(construction), Primaries),
        _ => throw new InvalidOperationException($"{expression.GetType().Name} is not an expression that can be printed."),
    };

    private (string, int) Literal(Literal literal)
    {
        CultureInfo invariant = CultureInfo.InvariantCulture;
        switch (literal.Type.Scalar)
        {
            case Scalar.Bool:
                return (literal.Bits != 0 ? "true" : "false", Primaries);
            case Scalar.Float:
                float single = BitConverter.ToSingle(BitConverter.GetBytes((int)literal.Bits), 0);
                if (float.IsNaN(single) || float.IsInfinity(single))
                    return (string.Format(dialect.FloatBits, ((int)literal.Bits).ToString("x8", invariant)), Primaries);
                return Signed(Point((int)literal.Bits == int.MinValue ? "-0" : single.ToString("G9", invariant)) + "f");
            case Scalar.Double:
                double number = BitConverter.Int64BitsToDouble(literal.Bits);
                if (double.IsNaN(number) || double.IsInfinity(number))
                    return (string.Format(dialect.DoubleBits, literal.Bits.ToString("x16", invariant)), Primaries);
                return Signed(Point(literal.Bits == long.MinValue ? "-0" : number.ToString("G17", invariant)));
            case Scalar.UInt:
                return (literal.Bits.ToString(invariant) + "u", Primaries);
            case Scalar.ULong:
                return (unchecked((ulong)literal.Bits).ToString(invariant) + "u" + dialect.LongSuffix, Primaries);
            case Scalar.Long:
                // C has no literal for the smallest: the minus is an operator.
                if (literal.Bits == long.MinValue)
                    return ("-" + long.MaxValue.ToString(invariant) + dialect.LongSuffix + " - 1", Precedence(BinaryOperator.Subtract));
                return Signed(literal.Bits.ToString(invariant) + dialect.LongSuffix);
            default:
                if (literal.Bits == int.MinValue) return ("-2147483647 - 1", Precedence(BinaryOperator.Subtract));
                return Signed(literal.Bits.ToString(invariant));
        }
    }

    private static string Point(string number) => number.IndexOfAny(['.', 'E']) < 0 ? number + ".0" : number;

    private static (string, int) Signed(string number) => (number, number[0] == '-' ? Unaries : Primaries);

    private (string, int) Unary(Unary unary)
    {
        string symbol = unary.Operator switch
        {
            UnaryOperator.Negate => "-",
            UnaryOperator.Not => "!",
            _ => "~",
        };
        string operand = Print(unary.Operand, Unaries);
        // - -x is not --x.
        return (symbol + (operand[0] == symbol[0] ? "(" + operand + ")" : operand), Unaries);
    }

    private (string, int) Binary(Binary binary)
    {
        Scalar? kind = binary.Type.Scalar;
        if (binary.Operator == BinaryOperator.Remainder && kind is { } number && number.IsFloating())
            return Intrinsic("Remainder", [binary.Left, binary.Right]);
        if (kind is { } vector && vector.IsVector() && dialect.VectorSupport is { } support) Need(support[vector]);
        if (binary.Operator is BinaryOperator.ShiftLeft or BinaryOperator.ShiftRight or BinaryOperator.UnsignedShiftRight)
            return Shift(binary, kind is { } width && width.IsWide());
        int precedence = Precedence(binary.Operator);
        return (Operand(binary.Left, binary.Operator, precedence) + " " + Symbol(binary.Operator) + " "
            + Operand(binary.Right, binary.Operator, precedence + 1), precedence);
    }

    private (string, int) Shift(Binary shift, bool isWide)
    {
        int mask = isWide ? 63 : 31;
        string count = shift.Right is Literal literal ? (literal.Bits & mask).ToString(CultureInfo.InvariantCulture)
            : dialect.MasksShiftCounts ? Print(shift.Right, Unaries)
            : "(" + Print(shift.Right, Unaries) + " & " + mask.ToString(CultureInfo.InvariantCulture) + ")";
        Scalar? kind = shift.Type.Scalar;
        string symbol = shift.Operator == BinaryOperator.ShiftLeft ? " << " : " >> ";
        // Zeros are shifted in from the left only if the number has no sign.
        bool isUnsigned = shift.Operator == BinaryOperator.UnsignedShiftRight && kind is Scalar.Int or Scalar.Long;
        string left = Print(shift.Left, Unaries);
        if (!isUnsigned) return (left + symbol + count, Precedence(BinaryOperator.ShiftLeft));
        string unsigned = dialect.Types[kind == Scalar.Int ? Scalar.UInt : Scalar.ULong];
        return ("(" + Type(shift.Type) + ")((" + unsigned + ")" + left + symbol + count + ")", Unaries);
    }

    /// <summary>Prints an operand, in parentheses where few readers remember the operators' precedence.</summary>
    private string Operand(Expression operand, BinaryOperator around, int least)
    {
        bool isBitwise = around is BinaryOperator.And or BinaryOperator.Or or BinaryOperator.ExclusiveOr or BinaryOperator.OrElse;
        bool isOther = operand is Binary binary && binary.Operator != around;
        bool isShift = operand is Binary
        {
            Operator: BinaryOperator.ShiftLeft or BinaryOperator.ShiftRight or BinaryOperator.UnsignedShiftRight,
        };
        bool isComparison = operand is Binary { Operator: >= BinaryOperator.Equal } && around != BinaryOperator.And
            && around != BinaryOperator.Or;
        return Print(operand, (isBitwise && isOther && !isComparison) || isShift ? Unaries : least);
    }

    private (string, int) Conversion(Conversion conversion)
    {
        Scalar from = conversion.Operand.Type.Scalar ?? Scalar.Int, to = conversion.Type.Scalar ?? Scalar.Int;
        if (dialect.Conversions.TryGetValue((from, to), out string format))
            return Formatted(string.Format(format, Print(conversion.Operand)));
        // Convert to a small integer through int, as C# does.
        bool isSmall = from.IsFloating() && to is Scalar.SByte or Scalar.Byte or Scalar.Short or Scalar.UShort;
        Expression operand = isSmall ? new Conversion(DeviceType.Int, conversion.Operand) : conversion.Operand;
        return ("(" + Type(conversion.Type) + ")" + Print(operand, Unaries), Unaries);
    }

    private (string, int) Intrinsic(string name, IReadOnlyList<Expression> arguments)
    {
        string format = dialect.Intrinsics[name].Replace("{f}", arguments.FirstOrDefault()?.Type.Scalar == Scalar.Double ? "" : "f");
        if (arguments.FirstOrDefault()?.Type is PointerType pointer) format = format.Replace("{space}", dialect.Spaces[pointer.Space]);
        return Formatted(string.Format(format,
            [.. arguments.Select(argument => Print(argument, argument.Type is PointerType or StructType ? Primaries : Lowest))]));
    }

    private (string, int) Formatted(string text)
    {
        foreach (string name in dialect.Support.Keys)
            if (text.Contains(name + "(") || text.Contains(name + "<")) Need(name);
        return (text, text[0] is '(' or '*' ? Unaries : Primaries);
    }

    private string Construct(Construction construction)
    {
        string values = string.Join(", ", construction.Values.Select(value => Print(value)));
        if (construction.Type is ScalarType) return string.Format(dialect.VectorLiteral, Type(construction.Type), values);
        return string.Format(dialect.StructLiteral, Type(construction.Type), construction.Values.Count == 0 ? dialect.StructZero : values);
    }

    private void Need(string support)
    {
        if (!_support.Contains(support)) _support.Add(support);
    }

    public static string Symbol(BinaryOperator kind) => kind switch
    {
        BinaryOperator.Add => "+",
        BinaryOperator.Subtract => "-",
        BinaryOperator.Multiply => "*",
        BinaryOperator.Divide => "/",
        BinaryOperator.Remainder => "%",
        BinaryOperator.And => "&",
        BinaryOperator.Or => "|",
        BinaryOperator.ExclusiveOr => "^",
        BinaryOperator.AndAlso => "&&",
        BinaryOperator.OrElse => "||",
        BinaryOperator.Equal => "==",
        BinaryOperator.NotEqual => "!=",
        BinaryOperator.Less => "<",
        BinaryOperator.LessOrEqual => "<=",
        BinaryOperator.Greater => ">",
        BinaryOperator.GreaterOrEqual => ">=",
        _ => throw new InvalidOperationException($"{kind} has no symbol of its own."),
    };

    private static int Precedence(BinaryOperator kind) => kind switch
    {
        BinaryOperator.Multiply or BinaryOperator.Divide or BinaryOperator.Remainder => 13,
        BinaryOperator.Add or BinaryOperator.Subtract => 12,
        BinaryOperator.ShiftLeft or BinaryOperator.ShiftRight or BinaryOperator.UnsignedShiftRight => 11,
        BinaryOperator.Less or BinaryOperator.LessOrEqual or BinaryOperator.Greater or BinaryOperator.GreaterOrEqual => 10,
        BinaryOperator.Equal or BinaryOperator.NotEqual => 9,
        BinaryOperator.And => 8,
        BinaryOperator.ExclusiveOr => 7,
        BinaryOperator.Or => 6,
        BinaryOperator.AndAlso => 5,
        _ => 4,
    };
}
