"""How a workbook is written: sheets, tables, charts; openpyxl writes every part except the rows."""
